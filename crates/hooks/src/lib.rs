//! What registries say of pushes and deletions, in one form: bytes and headers in, events out.
//!
//! Each kind of sender is a file in `kinds/` and a line in its list: what its deliveries look like,
//! how it shows that it is the one it says, and what to set up there. Nothing here reaches a network
//! or a store, and no event is believed: it says where to look, the registry says what is there.

mod collect;
mod delivery;
mod event;
mod kind;
mod kinds;
mod proof;
#[cfg(test)]
mod testing;

pub use delivery::{Answer, Delivery, Received, Unreadable};
pub use event::{Action, Event, Target};
pub use kind::{Address, Kind, Origin};
pub use proof::{Known, Proof};
