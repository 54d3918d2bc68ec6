//! Who is fed next: fair among tenants, whatever each of them has asked for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::{BulkId, TenantId};

/// A bulk that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenBulk {
    pub id: BulkId,
    pub tenant: TenantId,
    /// Items that may be fed: none of a bulk that is paused.
    pub waiting: u64,
    /// Items whose scans have not ended.
    pub open: u64,
    /// When it last had its turn.
    pub turn: i64,
}

/// What a bulk gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub bulk: BulkId,
    pub items: u64,
    /// Its new last turn.
    pub turn: i64,
}

/// What one tenant has and wants.
#[derive(Debug, Default)]
struct Tenant {
    open: u64,
    turn: i64,
    /// Bulks with waiting items, the oldest last.
    bulks: Vec<(BulkId, u64)>,
}

/// Divides what the window leaves free. Each place goes to the tenant that has the fewest items
/// open, among equals to the one who had no turn for the longest, and there to the oldest bulk. So a
/// tenant that comes late catches up, and nobody's hundred thousand references hold up another's
/// ten. `now` numbers the turns; ids of bulks tell their age.
pub(crate) fn share_window(window: u64, now: i64, bulks: &[OpenBulk]) -> Vec<Share> {
    let open: u64 = bulks.iter().map(|bulk| bulk.open).sum();
    let mut tenants = by_tenant(bulks);
    let mut next: BinaryHeap<_> = tenants
        .iter()
        .filter(|(_, tenant)| !tenant.bulks.is_empty())
        .map(|(id, tenant)| Reverse((tenant.open, tenant.turn, *id)))
        .collect();
    let mut shares: BTreeMap<BulkId, Share> = BTreeMap::new();
    for place in 0..window.saturating_sub(open) {
        let Some(Reverse((open, _, id))) = next.pop() else {
            break;
        };
        let Some(tenant) = tenants.get_mut(&id) else {
            continue;
        };
        let Some((bulk, waiting)) = tenant.bulks.last_mut() else {
            continue;
        };
        let turn = now.saturating_add(i64::try_from(place).unwrap_or(i64::MAX));
        match shares.entry(*bulk) {
            Entry::Vacant(entry) => {
                let bulk = *bulk;
                entry.insert(Share {
                    bulk,
                    items: 1,
                    turn,
                });
            }
            Entry::Occupied(mut entry) => {
                entry.get_mut().items += 1;
                entry.get_mut().turn = turn;
            }
        }
        *waiting -= 1;
        if *waiting == 0 {
            tenant.bulks.pop();
        }
        if !tenant.bulks.is_empty() {
            next.push(Reverse((open + 1, turn, id)));
        }
    }
    shares.into_values().collect()
}

fn by_tenant(bulks: &[OpenBulk]) -> BTreeMap<TenantId, Tenant> {
    let mut tenants: BTreeMap<TenantId, Tenant> = BTreeMap::new();
    for bulk in bulks {
        let tenant = tenants.entry(bulk.tenant).or_default();
        tenant.open += bulk.open;
        tenant.turn = tenant.turn.max(bulk.turn);
        if bulk.waiting > 0 {
            tenant.bulks.push((bulk.id, bulk.waiting));
        }
    }
    for tenant in tenants.values_mut() {
        tenant.bulks.sort_unstable_by_key(|(id, _)| Reverse(*id));
    }
    tenants
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// Reads bulks, one a line (`tenant bulk waiting open turn`), and writes what each gets.
    fn check(window: u64, bulks: &str, expected: &str) {
        let read = |line: &str| {
            let words: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
            OpenBulk {
                tenant: TenantId(Uuid::from_u128(words[0].into())),
                id: BulkId(Uuid::from_u128(words[1].into())),
                waiting: words[2],
                open: words[3],
                turn: i64::try_from(words[4]).unwrap(),
            }
        };
        let bulks: Vec<_> = bulks.split(", ").map(read).collect();
        let shares = share_window(window, 1000, &bulks);
        let shares: Vec<_> = shares
            .iter()
            .map(|share| {
                format!(
                    "{}: {} @{}",
                    share.bulk.0.as_u128(),
                    share.items,
                    share.turn
                )
            })
            .collect();
        assert_eq!(shares.join(", "), expected);
    }

    #[test]
    fn tenants_get_equal_parts_whatever_they_ask_for() {
        check(6, "1 1 100000 0 0, 2 2 9 0 0", "1: 3 @1004, 2: 3 @1005");
        check(6, "1 1 100000 0 0, 2 2 2 0 0", "1: 4 @1005, 2: 2 @1003");
    }

    #[test]
    fn a_tenant_that_comes_late_catches_up() {
        check(8, "1 1 100 5 9, 2 2 100 0 0", "2: 3 @1002");
        check(4, "1 1 100 4 9, 2 2 100 0 0", "");
    }

    #[test]
    fn equals_take_turns() {
        check(3, "1 1 9 0 0, 2 2 9 0 0", "1: 2 @1002, 2: 1 @1001");
        check(3, "1 1 7 0 1002, 2 2 8 0 1001", "1: 1 @1001, 2: 2 @1002");
    }

    #[test]
    fn older_bulks_of_a_tenant_go_first() {
        check(
            5,
            "1 3 9 0 0, 1 2 2 0 0, 2 4 1 0 0",
            "2: 2 @1002, 3: 2 @1004, 4: 1 @1001",
        );
    }

    #[test]
    fn what_is_paused_gets_nothing_and_keeps_its_places() {
        check(3, "1 1 0 2 0, 2 2 9 0 0", "2: 1 @1000");
    }
}
