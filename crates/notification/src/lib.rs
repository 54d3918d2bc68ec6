//! Messages to receivers: where they go, what they look like, and how they are signed. It sends
//! nothing.
//!
//! A form of message is a file, and a line in [`render`].

mod cloudevents;
mod links;
mod message;
mod secret;
mod slack;
mod target;
mod teams;
mod wording;

pub use links::Links;
pub use message::{Message, render};
pub use secret::{InvalidSecret, SigningSecret};
pub use target::{OpenTarget, TargetError, open, seal};
