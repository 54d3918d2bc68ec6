//! Packages across the fleet: by name, by version, and the images that hold them.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use scanyard_store::{PackageId, PackageName, Subject};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::export::{ListFormat, export};
use crate::extract::Parameters;
use crate::package_question::{MeantPackage, PackageParameters, PackageQuestion};
use crate::problem::Problem;
use crate::problem_responses::problems;
use crate::selecting::{Selecting, SelectionParameters};
use crate::state::Gateway;
use crate::view::{HolderList, HoldingImageView, PageParameters, RepositoryImagesView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(search_packages))
        .routes(routes!(list_versions))
        .routes(routes!(list_holding_images))
        .routes(routes!(list_holding_repositories))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchParameters {
    /// What names contain, whatever their case.
    #[param(example = "log4j")]
    search: String,
    /// Names at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
}

/// A name of packages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackageName)]
struct PackageNameView {
    /// The purl type.
    #[schema(example = "maven")]
    kind: &'static str,
    /// The name.
    name: String,
    /// Distinct packages of that name in your images.
    packages: u64,
}

impl From<PackageName> for PackageNameView {
    fn from(name: PackageName) -> Self {
        Self {
            kind: name.kind.purl_type(),
            name: name.name,
            packages: name.packages,
        }
    }
}

/// Names of packages.
#[derive(Debug, Serialize, ToSchema)]
struct PackageNameList {
    /// Those that begin with what was looked for come first, shorter ones before longer ones.
    items: Vec<PackageNameView>,
}

problems!(QueryProblems: InvalidQuery);

/// Search your images' packages by name.
#[utoipa::path(get, path = "/v1/packages", tag = "packages", params(SearchParameters),
    responses((status = 200, description = "The names.", body = PackageNameList), QueryProblems))]
async fn search_packages(
    State(gateway): State<Gateway>,
    principal: Principal,
    Parameters(parameters): Parameters<SearchParameters>,
) -> Result<Json<PackageNameList>, Problem> {
    let page = PageParameters {
        limit: parameters.limit,
        cursor: None,
    };
    let limit = page.request()?.limit;
    let names = gateway
        .store()
        .search_packages(principal.tenant, &parameters.search, limit)
        .await?;
    Ok(Json(PackageNameList {
        items: names.into_iter().map(Into::into).collect(),
    }))
}

/// A distinct package and how far it reaches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PackageVersion)]
struct VersionView {
    /// Its purl.
    purl: String,
    /// The version that was compared: the source package's where that has the name.
    version: String,
    /// How many of your images have it.
    images: u64,
    /// Why it could not be told whether the version is in the range; null where it is.
    undetermined: Option<String>,
}

/// Distinct packages.
#[derive(Debug, Serialize, ToSchema)]
struct VersionList {
    /// The packages, those in most images first.
    items: Vec<VersionView>,
}

/// List the distinct packages of a name and range that your images have.
///
/// Versions that cannot be compared with the range are listed too, and say so.
#[utoipa::path(get, path = "/v1/packages/versions", tag = "packages",
    params(PackageParameters, SelectionParameters),
    responses((status = 200, description = "The packages.", body = VersionList), QueryProblems))]
async fn list_versions(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting { selection, own }: Selecting<PackageParameters>,
) -> Result<Json<VersionList>, Problem> {
    let question = PackageQuestion::read(&own)?;
    let meant = question.find(&gateway, principal.tenant).await?;
    let ids: Vec<PackageId> = meant.iter().map(|meant| meant.package.id).collect();
    let spread = gateway
        .store()
        .spread_of_packages(principal.tenant, &ids, &selection)
        .await?;
    let mut items: Vec<VersionView> = meant
        .into_iter()
        .filter_map(|meant| {
            let place = spread.binary_search_by_key(&meant.package.id, |(id, _)| *id);
            let images = spread.get(place.ok()?)?.1;
            Some(VersionView {
                purl: meant.package.purl,
                version: meant.package.version,
                images,
                undetermined: meant.undetermined,
            })
        })
        .collect();
    items.sort_by(|left, right| (right.images, &left.purl).cmp(&(left.images, &right.purl)));
    Ok(Json(VersionList { items }))
}

/// Which page of which images to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HolderParameters {
    /// A purl, whose version may be left out: `pkg:maven/org.apache.logging.log4j/log4j-core`; or a
    /// name: `openssl`, which finds packages built from a source of that name too. The last part of
    /// a name is enough where no package has it as its whole name.
    #[param(example = "log4j-core")]
    package: String,
    /// Versions, in the order of the package's ecosystem: `>=2.0,<2.17.1`, alternatives after `||`,
    /// or `vers:maven/>=2.0|<2.17.1`. All versions unless given.
    #[param(example = ">=2.0-beta9,<2.15.0")]
    range: Option<String>,
    /// Images too whose version cannot be compared with the range.
    undetermined: Option<bool>,
    /// `json` for a page, `csv` or `ndjson` for everything; `Accept` says it too.
    #[param(inline)]
    format: Option<ListFormat>,
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl HolderParameters {
    async fn find(&self, gateway: &Gateway, principal: &Principal) -> Result<Found, Problem> {
        let question = PackageQuestion::read(&PackageParameters {
            package: self.package.clone(),
            range: self.range.clone(),
        })?;
        let meant = question.find(gateway, principal.tenant).await?;
        let (sure, unsure): (Vec<_>, Vec<_>) = meant
            .into_iter()
            .partition(|meant| meant.undetermined.is_none());
        Ok(Found { sure, unsure })
    }
}

/// Packages that are meant, and those of which that cannot be told.
struct Found {
    sure: Vec<MeantPackage>,
    unsure: Vec<MeantPackage>,
}

impl Found {
    fn subject(&self, undetermined: bool) -> Subject {
        let unsure = self.unsure.iter().filter(|_| undetermined);
        let ids = self.sure.iter().chain(unsure).map(|meant| meant.package.id);
        Subject::Packages(ids.collect())
    }
}

/// Images that hold packages.
#[derive(Debug, Serialize, ToSchema)]
struct HoldingImageList {
    #[serde(flatten)]
    images: HolderList<HoldingImageView>,
    /// Distinct packages of the name, yours or not, whose versions cannot be compared with the
    /// range. `undetermined=true` lists their images too.
    undetermined_versions: u64,
}

problems!(ListProblems: InvalidQuery, InvalidCursor);

/// List your images that hold a package in a range of versions, whether or not an advisory speaks of
/// it.
#[utoipa::path(get, path = "/v1/packages/images", tag = "packages",
    params(HolderParameters, SelectionParameters),
    responses(
        (status = 200, description = "A page; empty when no image has such a package.", body = HoldingImageList,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_holding_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Selecting { selection, own }: Selecting<HolderParameters>,
) -> Result<Response, Problem> {
    let found = own.find(&gateway, &principal).await?;
    let subject = found.subject(own.undetermined.unwrap_or_default());
    let tenant = principal.tenant;
    let format = ListFormat::choose(own.format, &headers);
    if format != ListFormat::Json {
        let reader = gateway.clone();
        let read = move |page| {
            let (gateway, subject, selection) =
                (reader.clone(), subject.clone(), selection.clone());
            Box::pin(async move {
                let store = gateway.store();
                let holders = store.holders(tenant, &subject, &selection, &page).await?;
                Ok(holders.page.map(HoldingImageView::from))
            }) as _
        };
        return export(&gateway, format, own.cursor, read).await;
    }
    let page = PageParameters {
        limit: own.limit,
        cursor: own.cursor,
    };
    let page = page.request()?;
    let holders = gateway
        .store()
        .holders(tenant, &subject, &selection, &page)
        .await?;
    let images = HolderList::new(holders, HoldingImageView::from);
    let link = images.link(&uri);
    let list = HoldingImageList {
        images,
        undetermined_versions: found.unsure.len() as u64,
    };
    Ok((link, Json(list)).into_response())
}

/// Repositories whose images hold packages.
#[derive(Debug, Serialize, ToSchema)]
struct RepositoryList {
    /// The repositories, those with most such images first.
    items: Vec<RepositoryImagesView>,
}

/// Count your images that hold a package in a range of versions, by repository.
#[utoipa::path(get, path = "/v1/packages/repositories", tag = "packages",
    params(PackageParameters, SelectionParameters),
    responses((status = 200, description = "The first 500 repositories.", body = RepositoryList), QueryProblems))]
async fn list_holding_repositories(
    State(gateway): State<Gateway>,
    principal: Principal,
    Selecting { selection, own }: Selecting<PackageParameters>,
) -> Result<Json<RepositoryList>, Problem> {
    let question = PackageQuestion::read(&own)?;
    let meant = question.find(&gateway, principal.tenant).await?;
    let sure = meant
        .iter()
        .filter(|meant| meant.undetermined.is_none())
        .map(|meant| meant.package.id);
    let subject = Subject::Packages(sure.collect());
    let repositories = gateway
        .store()
        .holders_by_repository(principal.tenant, &subject, &selection, 500)
        .await?;
    Ok(Json(RepositoryList {
        items: repositories.into_iter().map(Into::into).collect(),
    }))
}
