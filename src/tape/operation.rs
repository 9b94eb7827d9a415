//! What a node was computed by, as traces show it.

/// An operation: its name, the formulas of its local derivatives, and whose rule it is. What the
/// crate knows of its own rules by their names, it says of no other rule of the same name.
///
/// `tape.record("name", …)` makes one of a name alone.
///
/// ```
/// use chainrule::{scalar::Tape, tape::Operation};
/// let tape = Tape::new();
/// let (x, y) = (tape.var(3.0).named("x"), tape.var(4.0).named("y"));
/// let hypot = Operation::new("hypot", ["x / y", "c / y"]); // y is the result
/// let r = tape.record(hypot, 5.0, [(x, 0.6), (y, 0.8)]).named("r");
/// let trace = r.trace();
/// let slopes: Vec<_> = trace.steps().filter_map(|step| trace.slope(step)).collect();
/// assert_eq!(slopes, ["x / r", "y / r"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The name.
    pub name: &'static str,
    /// The formula of the local derivative with respect to the first operand, and to any other, in
    /// terms of the first operand `x`, the second `c` and the result `y`; empty where none is known.
    pub slopes: [&'static str; 2],
    /// Whether it is a rule of this crate.
    pub(super) ours: bool,
}

pub(crate) const NO_SLOPES: [&str; 2] = [""; 2];

impl Operation {
    /// An operation of your own.
    pub const fn new(name: &'static str, slopes: [&'static str; 2]) -> Self {
        Operation { name, slopes, ours: false }
    }

    /// A rule of this crate.
    pub(crate) const fn ours(name: &'static str, slopes: [&'static str; 2]) -> Self {
        Operation { name, slopes, ours: true }
    }

    /// Where its name lies in memory, and whether it is a rule of this crate: so it is found again.
    #[inline(always)]
    pub(super) fn key(self) -> (usize, bool) {
        (self.name.as_ptr().addr(), self.ours)
    }

    /// The name, if it is a rule of this crate, of which more is known; else nothing.
    #[inline]
    pub fn rule(&self) -> Option<&'static str> {
        self.ours.then_some(self.name)
    }
}

impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        Operation::new(name, NO_SLOPES)
    }
}
