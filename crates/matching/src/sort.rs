//! Sorting by an order that was made from what others wrote.

use std::cmp::Ordering;

/// Sorts by a published order of versions, stably. Some of these orders have circles among texts that no
/// publisher should write, on which the sort of the standard library may panic; here such texts end up
/// in some order. It inserts one after the other, for there are few.
pub(crate) fn sort_by_version<T>(items: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) {
    let mut sorted = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let place = sorted.partition_point(|earlier| order(earlier, &item).is_le());
        sorted.insert(place, item);
    }
    *items = sorted;
}

#[cfg(test)]
mod tests {
    use super::sort_by_version;

    #[test]
    fn what_is_equal_keeps_its_order() {
        let mut items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd')];
        sort_by_version(&mut items, |l, r| l.0.cmp(&r.0));
        assert_eq!(items, [(1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]);
    }

    #[test]
    fn a_circle_is_sorted_into_some_order() {
        // Each is less than the next two of three, round and round.
        let mut items: Vec<i32> = (0..300).collect();
        sort_by_version(&mut items, |l, r| ((r - l).rem_euclid(3)).cmp(&1).reverse());
        items.sort_unstable();
        assert_eq!(items, (0..300).collect::<Vec<i32>>());
    }
}
