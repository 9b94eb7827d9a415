//! Pictures of a [`Trace`](crate::trace::Trace): pure functions from a trace to text.

mod table;

pub use table::table;
