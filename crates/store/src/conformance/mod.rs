//! What every adapter of the store must do, as tests that run against any of them.
//!
//! `store_conformance!(open)` makes one test of each case. `open` is an `async fn(StoreSettings) ->
//! Option<(Arc<dyn Store>, Guard)>` that gives an empty store; the guard keeps it alive. `None`, said
//! aloud, where the database is not installed. Nothing here waits for time to pass: leases of no
//! length expire at once, and so do jobs with `lost_after` zero.

mod builder;
pub mod bulk;
pub mod changes;
pub mod content;
pub mod documents;
pub mod fleet;
pub mod garbage;
pub mod hooks;
pub mod layers;
pub mod leadership;
pub mod lifecycle;
pub mod lost_work;
pub mod matches;
pub mod questions;
pub mod registries;
pub mod scans;
pub mod subscriptions;
pub mod walks;

/// One test for each case of the suite.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance_cases! { $open;
            scans: a_new_scan_is_queued_with_its_image_job,
            scans: an_idempotency_key_names_one_scan,
            scans: a_scan_is_seen_by_its_tenant_only,
            scans: pages_hold_every_scan_once_while_scans_arrive,
            scans: a_cancelled_scan_stays_cancelled,
            scans: whoever_waits_for_a_scan_hears_of_its_end,
            scans: a_failed_scan_can_be_retried_under_a_new_message_id,
            scans: the_first_key_is_created_once,
            hooks: a_hook_reads_back_and_is_removed_by_its_tenant_only,
            layers: one_layer_job_whoever_asks,
            layers: exactly_one_of_many_workers_claims_a_layer,
            layers: an_expired_lease_fences_its_worker,
            layers: a_layer_that_nobody_wants_is_asked_for_again_later,
            layers: a_failed_layer_ends_its_scans_and_is_asked_for_again,
            layers: an_interactive_scan_does_not_wait_in_the_bulk_lane,
            layers: foreign_layers_are_done_without_inventory,
            layers: an_image_stays_ready_until_its_scans_end,
            lost_work: an_expired_lease_leads_to_a_new_job,
            lost_work: a_layer_that_brings_workers_down_is_given_up,
            lost_work: a_lost_image_job_is_asked_for_again_a_bounded_number_of_times,
            lost_work: a_scan_that_nobody_ended_is_asked_for_again,
            lost_work: work_that_is_under_way_is_left_alone,
            content: an_image_is_seen_by_tenants_that_reached_it,
            content: what_was_found_in_a_config_stays_until_other_rules_find_otherwise,
            content: an_assembled_image_reads_back_as_written,
            documents: a_document_is_kept_once_under_its_digest,
            content: a_tag_moves_to_the_image_that_it_names_now,
            content: pages_hold_every_image_once_while_images_arrive,
            lost_work: an_upload_that_nobody_continues_is_cancelled,
            bulk: a_bulk_is_fed_once_it_is_received_and_done_once_its_scans_end,
            bulk: an_idempotency_key_names_one_bulk,
            bulk: an_upload_that_breaks_off_gives_its_key_back,
            bulk: the_depth_is_that_of_all_bulks_that_have_not_ended,
            bulk: equal_references_of_a_bulk_are_one_item,
            bulk: no_more_scans_than_the_window_are_open,
            bulk: tenants_take_turns_and_older_bulks_go_first,
            bulk: a_paused_bulk_is_not_fed,
            bulk: a_cancelled_bulk_ends_its_scans,
            bulk: failures_are_grouped_and_failed_items_are_fed_again,
            bulk: a_failed_scan_that_is_queued_again_opens_its_item,
            bulk: a_bulk_is_seen_by_its_tenant_only,
            bulk: pages_hold_every_item_once_while_items_end,
            bulk: a_listing_is_taken_by_one_and_goes_on_at_its_cursor,
            bulk: a_listing_that_fails_ends_its_bulk_until_it_is_tried_again,
            matches: matches_hold_from_their_first_revision_to_their_last,
            matches: a_late_outcome_of_an_earlier_revision_changes_nothing,
            matches: summaries_count_what_holds,
            garbage: what_is_true_now_is_kept,
            garbage: what_no_longer_holds_goes_with_the_history,
            garbage: a_gone_image_takes_what_only_it_had,
            garbage: an_image_that_another_tenant_has_stays,
            garbage: what_an_open_scan_needs_stays,
            garbage: an_inventory_goes_once_no_image_is_made_of_it,
            garbage: an_untagged_image_is_let_go_of_when_retention_says_so,
            walks: a_walk_is_taken_by_one_and_goes_on_at_its_cursor,
            walks: a_confirmed_tag_outlives_an_earlier_deletion,
            walks: images_without_a_tag_are_listed_in_order,
            registries: a_registry_is_its_tenants_and_one_of_a_host,
            registries: a_change_of_a_registry_leaves_the_rest_of_it,
            registries: a_discovery_is_taken_by_one_and_goes_on_at_its_cursor,
            registries: credentials_of_a_scan_go_with_it,
            lifecycle: what_a_tag_named_is_kept,
            lifecycle: tags_are_listed_with_every_platform,
            lifecycle: a_deleted_image_is_gone_until_it_is_pushed_again,
            lifecycle: a_deletion_changes_nothing_that_was_seen_later,
            lifecycle: a_deleted_tag_leaves_its_image_untagged,
            lifecycle: an_image_stays_while_a_repository_holds_it,
            lifecycle: a_deleted_index_takes_the_tags_that_name_it,
            lifecycle: a_tenant_lets_go_of_an_image_for_itself,
            lifecycle: deletions_of_what_nobody_knows_change_nothing,
            fleet: a_revision_touches_what_it_concerns_and_holds_for_the_rest,
            fleet: what_the_fleet_is_past_is_not_taken,
            fleet: what_workers_matched_on_the_way_is_matched_again,
            fleet: gaps_come_and_go_with_revisions,
            fleet: a_renewed_revision_is_another_one_of_the_same_database,
            questions: a_vulnerability_is_found_under_every_id,
            questions: pages_hold_every_holder_once,
            questions: answers_equal_those_counted_image_by_image,
            questions: packages_are_found_by_their_name_and_that_of_their_source,
            questions: bounds_on_images_compose,
            questions: a_past_moment_is_answered_as_it_was_then,
            questions: changes_since_a_moment_are_those_between_its_answers_and_now,
            questions: the_worst_images_and_the_commonest_vulnerabilities_come_first,
            questions: images_are_known_by_the_layers_that_they_begin_with,
            questions: findings_that_are_likely_to_be_exploited_are_told_apart,
            changes: a_change_is_one_event_however_many_images_it_concerns,
            changes: events_are_filtered,
            changes: pages_hold_every_image_of_a_change_once,
            changes: the_history_of_an_image_is_told_from_its_end,
            subscriptions: a_subscription_is_told_once_of_what_comes_after_it,
            subscriptions: a_subscription_with_a_filter_is_told_what_passes,
            subscriptions: a_message_is_sent_by_one_and_lost_ones_come_again,
            subscriptions: a_receiver_that_fails_is_left_alone_for_a_while,
            subscriptions: a_paused_subscription_goes_on_where_it_was,
            subscriptions: a_subscription_is_its_tenants,
            subscriptions: more_changes_than_fit_in_a_round_are_told_once,
            fleet: a_rescan_tells_how_far_it_is_and_may_be_cancelled,
            fleet: images_of_another_cataloger_set_are_outdated,
            leadership: exactly_one_of_many_leads,
            leadership: a_leader_that_resigns_is_followed_at_once,
            leadership: a_leader_whose_lease_ended_cannot_renew_after_another_took_over,
        }
    };
}

/// Helper of [`store_conformance`].
#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_cases {
    ($open:path; $($module:ident: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let settings = $crate::conformance::$module::settings();
                let Some((store, _guard)) = $open(settings).await else {
                    return;
                };
                $crate::conformance::$module::$case(store).await;
            }
        )*
    };
}
