//! That statements find their rows by index in a fleet of 20,000 images, where reading a table whole
//! would cost more with every image.

use scanyard_testkit::RealPostgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::*;

/// Tables that grow with the fleet. `awaited_layers` is as small as the open work.
const LARGE: [&str; 16] = [
    "changes",
    "finding_ids",
    "findings",
    "image_layers",
    "images",
    "layer_catalogs",
    "layers",
    "matches",
    "package_set_packages",
    "packages",
    "repository_images",
    "scan_images",
    "scans",
    "tags",
    "tenant_images",
    "tenant_layers",
];

const TENANT: &str = "'00000000-0000-0000-0000-000000000000'";
const SCAN: &str = "'00000000-0000-7000-8000-000000004dff'";
const IMAGE: &str = "sha256('image19967')";
const LAYER: &str = "sha256('layer81100')";
const PACKAGE_SET: &str = "sha256('set1000')";
const TEN_LAYERS: &str = "array_fill(sha256('layer7'), array[10])";
const IDS: &str = "array[1, 2, 3, 4, 5]";

/// Statements with arguments, `{name}` standing for the constants above.
const QUESTIONS: &[(&str, &str)] = &[
    (images::LIST, "{tenant}, 'infinity', 1, 51, 0"),
    (images::LIST, "{tenant}, 'infinity', 1, 51, 5"),
    (
        images::LIST_REPOSITORY,
        "{tenant}, 'infinity', 1, 51, 0, 'registry.test/r7'",
    ),
    (images::BY_DIGEST, "{tenant}, {image}"),
    (images::DETAIL, "{image}"),
    (images::LAYERS, "{image}"),
    (image_rows::BY_ID, "{tenant}, {ids}"),
    (image_rows::REPOSITORIES, "{tenant}, {ids}"),
    (image_rows::TAGS, "{tenant}, {ids}"),
    (matches::FINDINGS_OF_SET, "{set}"),
    (matches::COVERAGE_OF_SET, "{set}"),
    (matches::UNMATCHED, "{set}, 2, 1000"),
    (fleet::BY_ID, "{ids}"),
    (held::MATCHES, "{ids}"),
    (held::GAPS, "{ids}"),
    (
        changes::LIST,
        "{tenant}, 0, 51, 1000, array['new', 'fixed', 'changed'],
         array['critical', 'high'], false, false, null",
    ),
    (
        changes::LIST,
        "{tenant}, 39000, 51, 1000, array['new', 'fixed', 'changed'],
         array['critical', 'high'], false, false, null",
    ),
    (
        changes::LIST_VULNERABILITY,
        "{tenant}, 0, 51, 1000, array['new', 'fixed', 'changed'],
         array['critical', 'high'], false, false, null, array['CVE-5']",
    ),
    (
        changes::ONE,
        "{tenant}, 7, 1, 1000, array['new', 'fixed', 'changed'],
         array['critical', 'high'], false, false, null",
    ),
    (changes::WINDOW_END, "39000"),
    (changes::NAMES, "'CVE-5'"),
    (changes::LATEST, ""),
    (changed_images::CONCERNED, "{tenant}, 7, 0, 0, 51"),
    (history::SEEN, "{tenant}, {image}"),
    (history::ENTRIES, "{tenant}, 7, now(), now(), 1, 1, 51"),
    (history::CHANGES, "7, now(), 40001, 51"),
    (notices::GROUPS_AFTER, "2, 'CVE-5', 'new', 2, 50"),
    (
        notices::MEMBERS,
        "{tenant}, 2, 'CVE-5', 'new', array['critical', 'high'], false, false, null, 101",
    ),
    // Of more packages, so many images are concerned that reading all of them may cost less.
    (
        notices::IMAGES,
        "{tenant}, array[1, 2]::bigint[], 2, now(), null, 10001",
    ),
    (outcomes::LOCK_PACKAGES, "{ids}, 2"),
    (outcomes::MATCHED, "{ids}, 2"),
    (summaries::WITHOUT, "1, 100, 0"),
    (summaries::WITHOUT_SET, "2, 1, 0, {set}"),
    (summaries::REFRESH, "array[7], 2"),
    (assemble::ADD_MEMBERS, "{layers}, 1"),
    (assemble::LOCK_IMAGE, "{image}"),
    (assemble::KEEP_FORMER_SET, "7, 1"),
    (assemble::COPY_SET, "7, 1"),
    (assemble::ASSEMBLED, "7, 1, '1', 1, 0"),
    (record::LOCK_SCAN, "{scan}"),
    (
        record::IMAGE_LAYERS,
        "array_fill({image}, array[10]), array[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
         {layers}, array_fill(1::bigint, array[10]),
         array_fill('application/vnd.oci.image.layer.v1.tar+gzip'::text, array[10]),
         array_fill(false, array[10])",
    ),
    (
        record::ACCESS,
        "array[{image}], {tenant}, array['registry.test/r7'], array[null]",
    ),
    (
        record::REPOSITORY_IMAGES,
        "array[{image}], {tenant}, array['registry.test/r7']",
    ),
    (
        record::LEAVE_TAGS,
        "array[{image}], {tenant}, array['registry.test/r7'], array['v1'], null",
    ),
    (record::WAIT, "{scan}, array[{image}], '1', '1 s'"),
    (record::FORGET, "{scan}"),
    (record::REQUEST, "{scan}, 'bulk', '1 s'"),
    (record::IS_WAITING, "{scan}"),
    (layers::READY, "{layer}, '1'"),
    (layers::INVENTORIES, "{image}, '1'"),
    (layers::REACHED, "{tenant}, {layers}"),
    (
        layers::WAITING,
        "array[81001, 81002], array['1', '1'], array['bulk', 'bulk'], array[1, 1]",
    ),
    (claim::LOCK_FREE, "{layer}, '1'"),
    (claim::COMMIT, "{layer}, '1', 1, {layer}, 1, 1, 1, ''"),
    (finish::LOCK_SCANS_OF_IMAGE, "{image}"),
    (finish::FINISH, "array[{scan}]::uuid[]"),
    (finish::WAITING, "{layer}, '1', 10"),
    (finish::FAILED_WITH, "{layer}, '1'"),
    (finish::STOP_WAITING, "array[{scan}]::uuid[]"),
    (progress::PROGRESS, "array[{scan}]::uuid[]"),
    (progress::IMAGES, "array[{scan}]::uuid[]"),
    (scans::LIST, "{tenant}, {scan}, 51"),
    (scans::LIST_BY_STATE, "{tenant}, {scan}, 51, 'failed'"),
    (
        scans::LIST_BY_REFERENCE,
        "{tenant}, {scan}, 51, 'registry.test/r7'",
    ),
    (scans::HOLDER, "{scan}, {tenant}, 'key'"),
    (reap::REQUEST_SCANS, "'1 s', 100"),
    (reap::REQUEST_LAYERS, "'1 s', 100"),
];

/// Statements of questions, which are planned for their arguments. `{everything}` stands for a scope
/// without bounds, `{any}` for findings without, both as of now.
const PLANNED_EACH_TIME: &[(&str, &str)] = &[
    (held_findings::VULNERABLE_NOW, "{any}, 'CVE-5'"),
    (held_findings::VULNERABLE_THEN, "{any}, 'CVE-5'"),
    (
        held_findings::EXPLOITED_NOW,
        "{last}, null, false, true, null",
    ),
    (held_findings::EXPLOITED_THEN, "1, null, false, true, null"),
    (
        held_findings::PREDICTED_NOW,
        "{last}, null, false, false, 0.999",
    ),
    (
        held_findings::AFFECTED_SETS_NOW,
        "{last}, array['high'], true, false, null, {ids}",
    ),
    (held_findings::FINDINGS_IN_SETS_NOW, "{any}, 'CVE-5', {ids}"),
    (
        held_findings::FINDINGS_OF_PACKAGES_NOW,
        "{any}, 'CVE-5', {ids}",
    ),
    (held_findings::SETS_OF_PACKAGES, "{ids}"),
    (held_findings::FIRST_SETS_OF_PACKAGES, "{ids}, 7, 64"),
    (held_findings::PURLS_IN_SETS, "{ids}, {ids}"),
    (chosen_images::COUNT, "{tenant}, {ids}, 10001"),
    (
        chosen_images::COUNT_CHOSEN,
        "{tenant}, null, {ids}, null, null, null, null, null, false, {ids}, 10001",
    ),
    (chosen_images::BY_SET, "{tenant}, {ids}"),
    (chosen_images::OF_SETS, "{tenant}, {ids}, 2, 7, 51"),
    (
        chosen_images::OF_SETS_CHOSEN,
        "{everything}, {ids}, 2, 7, 51",
    ),
    (chosen_images::BY_REPOSITORY, "{everything}, {ids}, 100"),
    (
        chosen_images::LATEST_NOW,
        "{everything}, null, now(), 7, 0, 51",
    ),
    (
        chosen_images::LATEST_NOW,
        "{everything}, null, now(), 7, 6, 51",
    ),
    (
        chosen_images::LATEST_NOW,
        "{tenant}, null, {ids}, null, null, null, null, null, true, null, now(), 7, 0, 51",
    ),
    (
        chosen_images::OF_SETS_CHOSEN,
        "{tenant}, now(), null, null, null, null, null, null, false, {ids}, 2, 7, 51",
    ),
    (chosen_images::BY_PACKAGE, "{tenant}, {ids}"),
    (questions::PACKAGES_NAMED, "'deb', 'p5', 1000"),
    (predictions::IDS, "'CVE-5', 1000"),
    (record::IMAGE_TOPS, "array_fill({image}, array[2])"),
];

#[tokio::test]
async fn no_statement_reads_a_large_table_whole() {
    let Some(postgres) = RealPostgres::shared() else {
        return;
    };
    let options = postgres.create_database().parse().unwrap();
    let options = session::with_settings(options, &PostgresSettings::default());
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    MIGRATOR.run(&mut connection).await.unwrap();
    sqlx::raw_sql(include_str!("fleet.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::raw_sql("ANALYZE")
        .execute(&mut connection)
        .await
        .unwrap();
    let mut wrong = Vec::new();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let set = format!("SET plan_cache_mode = {mode}");
        sqlx::raw_sql(AssertSqlSafe(set))
            .execute(&mut connection)
            .await
            .unwrap();
        let each_time = match mode {
            "force_custom_plan" => PLANNED_EACH_TIME,
            _ => &[],
        };
        for (statement, arguments) in QUESTIONS.iter().chain(each_time) {
            if mode == "force_generic_plan" && *statement == summaries::REFRESH {
                // Planned for any number of sets, it may well be cheaper to read findings whole.
                continue;
            }
            let plan = explain(&mut connection, statement, arguments).await;
            if LARGE.iter().any(|table| reads_whole(&plan, table)) {
                wrong.push(format!("{mode}\n{statement}\n{plan}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn reads_whole(plan: &str, table: &str) -> bool {
    let mut words = plan
        .lines()
        .filter_map(|line| line.split("Seq Scan on ").nth(1));
    words.any(|rest| rest.split(' ').next() == Some(table))
}

async fn explain(connection: &mut PgConnection, statement: &str, arguments: &str) -> String {
    let mut arguments = arguments.to_owned();
    for (name, value) in [
        (
            "{everything}",
            "{tenant}, null, null, null, null, null, null, null, false",
        ),
        ("{any}", "{last}, null, false, false, null"),
        ("{last}", "9223372036854775807"),
        ("{tenant}", TENANT),
        ("{scan}", SCAN),
        ("{image}", IMAGE),
        ("{layers}", "$layers"),
        ("{layer}", LAYER),
        ("{set}", PACKAGE_SET),
        ("{ids}", IDS),
        ("$layers", TEN_LAYERS),
    ] {
        arguments = arguments.replace(name, value);
    }
    let prepare = format!("PREPARE question AS {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare))
        .execute(&mut *connection)
        .await
        .unwrap();
    let explain = match arguments.is_empty() {
        true => "EXPLAIN EXECUTE question".to_owned(),
        false => format!("EXPLAIN EXECUTE question ({arguments})"),
    };
    let lines: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(explain))
        .persistent(false)
        .fetch_all(&mut *connection)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{statement}"));
    sqlx::raw_sql("DEALLOCATE question")
        .execute(connection)
        .await
        .unwrap();
    let lines: Vec<String> = lines.into_iter().map(|(line,)| line).collect();
    lines.join("\n")
}
