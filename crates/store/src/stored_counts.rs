//! Where items are, as both adapters hold it.

use sqlx::FromRow;

use crate::BulkCounts;
use crate::words::read_size;

/// The counters of a bulk, or sums of them.
#[derive(FromRow)]
pub(crate) struct CountsRow {
    rejected: i64,
    duplicates: i64,
    accepted: i64,
    fed: i64,
    done: i64,
    failed: i64,
    cancelled: i64,
}

impl CountsRow {
    pub(crate) fn read(&self) -> BulkCounts {
        BulkCounts {
            accepted: read_size(self.accepted),
            duplicates: read_size(self.duplicates),
            rejected: read_size(self.rejected),
            fed: read_size(self.fed),
            done: read_size(self.done),
            failed: read_size(self.failed),
            cancelled: read_size(self.cancelled),
        }
    }
}
