//! What happens around every request.

mod admit;
mod observe;
mod panic;
mod secure;

pub use admit::{admit, overloaded, take};
pub use observe::observe;
pub use panic::answer_panic;
pub use secure::secure;
