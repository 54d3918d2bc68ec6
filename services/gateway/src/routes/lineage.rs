//! Images beside one another: compared, and built one on the other.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use scanyard_store::{BaseImage, ImageContent, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Principal;
use crate::comparison::{Comparison, compare};
use crate::extract::{InPath, Parameters, PathValue};
use crate::image_report::find_image;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::problem_responses::problems;
use crate::state::Gateway;
use crate::view::{ImageView, Listing, PageParameters, TagView};

pub fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(compare_images))
        .routes(routes!(list_bases))
        .routes(routes!(list_built_on))
}

/// When to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CompareParameters {
    /// The first image as it was at this moment, RFC 3339, instead of as it is.
    as_of: Option<DateTime<Utc>>,
    /// The second image as it was at this moment, RFC 3339, instead of as it is.
    other_as_of: Option<DateTime<Utc>>,
}

problems!(CompareProblems: InvalidDigest, InvalidId, InvalidQuery, ImageNotFound, NotReady);

/// Compare an image with another, or with itself at another moment.
#[utoipa::path(get, path = "/v1/images/{digest}/compare/{other}", tag = "images",
    params(
        ("digest" = String, Path, description = "Digest of the first image's manifest."),
        ("other" = String, Path, description = "Digest of the second image's manifest; the same compares an image with its own past."),
        CompareParameters,
    ),
    responses((status = 200, description = "What the second has otherwise than the first.", body = Comparison), CompareProblems))]
async fn compare_images(
    State(gateway): State<Gateway>,
    principal: Principal,
    Path((digest, other)): Path<(String, String)>,
    Parameters(parameters): Parameters<CompareParameters>,
) -> Result<Json<Comparison>, Problem> {
    let [digest, other] = [Digest::parse(&digest)?, Digest::parse(&other)?];
    let tenant = principal.tenant;
    let before = content(&gateway, tenant, digest, parameters.as_of).await?;
    let after = content(&gateway, tenant, other, parameters.other_as_of);
    Ok(Json(compare(before, after.await?)))
}

async fn content(
    gateway: &Gateway,
    tenant: TenantId,
    digest: Digest,
    as_of: Option<DateTime<Utc>>,
) -> Result<ImageContent, Problem> {
    let content = gateway.store().image_content(tenant, digest, as_of).await?;
    if let Some(content) = content {
        return Ok(content);
    }
    find_image(gateway, tenant, digest).await?;
    Err(Problem::new(
        Code::NotReady,
        format!("What is in {digest} is not known, or was not at that moment."),
    ))
}

/// An image that another is built on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BaseImage)]
struct BaseImageView {
    /// The image.
    image: ImageView,
    /// How many layers it gives.
    layers: u64,
    /// What a tag of it names now, if that is another image; null otherwise.
    newer: Option<NewerImageView>,
}

/// What a tag of a base image names now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewerImage)]
struct NewerImageView {
    /// Digest of its manifest.
    digest: String,
    /// The tag.
    tag: TagView,
    /// Findings that the base has and this has no more.
    fixes: u64,
    /// Findings that this has and the base has not.
    adds: u64,
}

impl From<BaseImage> for BaseImageView {
    fn from(base: BaseImage) -> Self {
        Self {
            image: base.image.into(),
            layers: base.layers,
            newer: base.newer.map(|newer| NewerImageView {
                digest: newer.digest.to_string(),
                tag: newer.tag.into(),
                fixes: newer.fixes,
                adds: newer.adds,
            }),
        }
    }
}

/// Images that another is built on.
#[derive(Debug, Serialize, ToSchema)]
struct BaseImageList {
    /// The images, the one that gives most layers first.
    items: Vec<BaseImageView>,
}

problems!(OneProblems: InvalidDigest, ImageNotFound);

/// List your images that an image is built on: those whose layers it begins with.
///
/// Where a tag of a base image names another image now, it says what building on that would fix.
#[utoipa::path(get, path = "/v1/images/{digest}/bases", tag = "images",
    params(("digest" = String, Path, description = "Digest of the image's manifest.")),
    responses((status = 200, description = "The base images.", body = BaseImageList), OneProblems))]
async fn list_bases(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
) -> Result<Json<BaseImageList>, Problem> {
    find_image(&gateway, principal.tenant, digest).await?;
    let bases = gateway.store().base_images(principal.tenant, digest);
    Ok(Json(BaseImageList {
        items: bases.await?.into_iter().map(Into::into).collect(),
    }))
}

/// Which page to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Items at most: 1 to 500, 50 if not given.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

problems!(ListProblems: InvalidDigest, InvalidQuery, InvalidCursor, ImageNotFound);

/// List your images that are built on an image: those that begin with its layers.
#[utoipa::path(get, path = "/v1/images/{digest}/built-on-it", tag = "images",
    params(
        ("digest" = String, Path, description = "Digest of the base image's manifest."),
        ListParameters,
    ),
    responses(
        (status = 200, description = "A page.", body = Listing<ImageView>,
            headers(("Link" = String, description = "The next page, as rel=next."))),
        ListProblems,
    ))]
async fn list_built_on(
    State(gateway): State<Gateway>,
    principal: Principal,
    InPath(digest): InPath<Digest>,
    OriginalUri(uri): OriginalUri,
    Parameters(parameters): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    find_image(&gateway, principal.tenant, digest).await?;
    let page = PageParameters {
        limit: parameters.limit,
        cursor: parameters.cursor,
    };
    let page = page.request()?;
    let page = gateway
        .store()
        .images_built_on(principal.tenant, digest, &page)
        .await?;
    Ok(Listing::new(page, ImageView::from).answer(&uri))
}
