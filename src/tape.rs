//! The engine: a tape lists what was computed, and `backward` passes over it once, from its end.
//!
//! Taught in `docs/03_tape.md`, `docs/04_fan_out.md`.
//!
//! It knows no operations. A node holds its value and an edge to each input; an edge holds the
//! local derivative, which carries the gradient of the node back to that input. An input is always
//! older than what was computed from it, so the order of the tape is the order of the pass: no
//! sort, no recursion, however deep the computation.

mod kept;
mod mistakes;
mod operand;
mod operation;
mod recording;

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Stretch;
use kept::Site;
pub(crate) use mistakes::foreign_input;
use mistakes::{foreign, not_single};
pub use operand::Operand;
pub(crate) use operation::NO_SLOPES;
pub use operation::Operation;
use recording::Pair;
pub(crate) use recording::{Edge, Input, Passage, Recording};

/// What a tape can hold: numbers (`f64`), matrices ([`Tensor`](crate::tensor::Tensor)), or values
/// of your own. They borrow nothing (`'static`), since the memory of a tape outlives it.
pub trait Value: Clone + 'static {
    /// The local derivative on an edge: a linear map from the node's gradient to the input's.
    /// `from(c)` is "multiply by the number c".
    type Local: From<f64>;
    /// (rows, columns); a number is (1, 1).
    fn shape(&self) -> (usize, usize) {
        (1, 1)
    }
    /// A value of this shape in which every entry is `entry`: `like(0.0)` is a gradient that
    /// nothing has reached, `like(1.0)` the seed of the backward pass.
    fn like(&self, entry: f64) -> Self;
    /// The gradient of a node that nothing has reached. It is not zero: 0 × ∞ is NaN, and nothing × ∞
    /// does not arise. No real gradient may be mistaken for it: it must be a value that
    /// [`carry_back`](Value::carry_back) and [`accumulate`](Value::accumulate) never give.
    fn nothing() -> Self;
    /// Whether this is [`nothing`](Value::nothing).
    fn is_nothing(&self) -> bool;
    /// contribution = local derivative × upstream, where upstream is the gradient of the node.
    #[track_caller]
    fn carry_back(local: &Self::Local, upstream: &Self) -> Self;
    /// Whether the local derivative can be applied to this gradient; a matrix may not fit it.
    fn accepts(_local: &Self::Local, _upstream: &Self) -> bool {
        true
    }
    /// gradient += contribution, of the same shape.
    #[track_caller]
    fn accumulate(&mut self, contribution: Self);
}

/// A list of nodes in the order in which they were computed.
///
/// A fresh tape for each step costs no more than one that is cleared: a tape that is dropped leaves
/// its memory to the next one of its thread. A thread keeps that of four tapes at most, and of none
/// that took more than 64 MiB.
///
/// ```
/// use chainrule::scalar::Tape;
/// let tape = Tape::new();
/// let x = tape.var(3.0);
/// let y = x * x + 2.0 * x;
/// assert_eq!(y.value(), 15.0);
/// assert_eq!(y.backward().wrt(x), 8.0); // d(x² + 2x)/dx = 2x + 2
/// ```
pub struct Tape<V: Value> {
    /// Told apart from every other tape, and from itself before a `clear`.
    id: u64,
    recording: RefCell<Recording<V>>,
    /// An empty list, lent to collect the further edges of the node to come: no new one each time.
    lent: Cell<Vec<Pair<V::Local>>>,
}

/// A handle to one node: `Copy`, so that `x * w + b` reads like mathematics.
pub struct Var<'t, V: Value> {
    tape: &'t Tape<V>,
    /// What an edge to this node holds. (With a `bool` beside the number, recording took three
    /// times as long.)
    input: Input,
}

/// What [`Var::backward`] returns: the gradient of one output with respect to every node.
#[derive(Clone)]
pub struct Gradients<V> {
    id: u64,
    entries: Vec<V>,
}

impl<V: Value> Tape<V> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { id: next_id(), recording: RefCell::new(kept::reuse()), lent: Cell::default() }
    }

    /// A variable: gradients flow to it.
    #[track_caller]
    pub fn var(&self, value: V) -> Var<'_, V> {
        self.input("var", value, true)
    }

    /// A constant, such as a row of data: it is shown in traces and receives no gradient.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let (w, x) = (tape.var(2.0), tape.constant(5.0));
    /// let gradients = (w * x).backward();
    /// assert_eq!((gradients.wrt(w), gradients.wrt(x)), (5.0, 0.0));
    /// ```
    #[track_caller]
    pub fn constant(&self, value: V) -> Var<'_, V> {
        self.input("const", value, false)
    }

    /// Records one operation: its name (or an [`Operation`]), its value, and for each operand the
    /// local derivative.
    ///
    /// Every operation of this crate goes through this call, and so does one of your own. The tape
    /// is not borrowed while the iterator runs, so the iterator may record, too.
    ///
    /// ```
    /// use chainrule::scalar::Tape;
    /// let tape = Tape::new();
    /// let (x, y) = (tape.var(3.0), tape.var(4.0));
    /// // r = √(x² + y²), dr/dx = x/r, dr/dy = y/r
    /// let r = x.value().hypot(y.value());
    /// let z = tape.record("hypot", r, [(x, x.value() / r), (y, y.value() / r)]);
    /// assert_eq!(z.backward().wrt(x), 0.6);
    /// ```
    ///
    /// An operand may be a plain number, which traces show; its local derivative leads nowhere.
    ///
    /// ```
    /// use chainrule::{arithmetic::Operand, scalar::Tape};
    /// let tape = Tape::new();
    /// let x = tape.var(3.0);
    /// let y = tape.record("step", x.value() - 0.5, [(x.into(), 1.0), (Operand::Number(0.5), 0.0)]);
    /// assert_eq!(y.trace().formula(1), "step(#0, 0.5)");
    /// ```
    ///
    /// # Panics
    /// If an operand belongs to another tape.
    #[track_caller]
    #[inline(always)]
    pub fn record<'t, X: Into<Operand<'t, V>>>(
        &'t self,
        operation: impl Into<Operation>,
        value: V,
        edges: impl IntoIterator<Item = (X, V::Local)>,
    ) -> Var<'t, V> {
        let operation = operation.into();
        let mut foreign = false;
        let mut edges = edges.into_iter().map(|(operand, local)| match operand.into() {
            Operand::Var(x) => {
                if !std::ptr::eq(self, x.tape) {
                    foreign = true; // a `|=` would write it to memory for each operand
                }
                Edge { input: x.input, local }
            }
            Operand::Number(number) => Edge { input: Input::NUMBER, local: number.into() },
        });
        // Nearly every operation has one or two operands: those go without a list.
        let first = edges.next().unwrap_or_else(Edge::none);
        let second = edges.next().unwrap_or_else(Edge::none);
        let mut more = vec![];
        let mut next = edges.next();
        if next.is_some() {
            more = self.lent.take();
        }
        while let Some(third) = next {
            Pair::push(&mut more, third, edges.next().unwrap_or_else(Edge::none));
            next = edges.next();
        }
        drop(edges); // it may read the tape, or even record: only now can we write
        if foreign {
            foreign_input(Location::caller(), operation.name)
        }
        let varies = first.input.varies() | second.input.varies() || more.iter().any(Pair::varies);
        let site = Site { operation, at: Location::caller() };
        let mut recording = self.recording.borrow_mut();
        let input = recording.push(value, [first, second], varies, site);
        if !more.is_empty() {
            recording.push_more(&mut more);
            self.lent.set(more);
        }
        Var { tape: self, input }
    }

    #[track_caller]
    fn input(&self, name: &'static str, value: V, varies: bool) -> Var<'_, V> {
        let operation = Operation::ours(name, NO_SLOPES);
        let site = Site { operation, at: Location::caller() };
        let none = [Edge::none(), Edge::none()];
        let input = self.recording.borrow_mut().push(value, none, varies, site);
        Var { tape: self, input }
    }

    /// Refuses inputs of another tape, before their values or shapes are looked at.
    #[track_caller]
    #[inline(always)]
    pub(crate) fn assert_own(&self, operation: &str, inputs: &[Var<'_, V>]) {
        if inputs.iter().any(|input| !std::ptr::eq(self, input.tape)) {
            foreign_input(Location::caller(), operation)
        }
    }

    /// To read several values at once. The tape must not be written as long as this is held.
    #[inline(always)]
    pub(crate) fn read(&self) -> Ref<'_, Recording<V>> {
        self.recording.borrow()
    }

    /// These nodes stand here in a formula that was typed.
    pub(crate) fn place(&self, nodes: Range<usize>, stretch: Stretch) {
        self.recording.borrow_mut().places.push((nodes, stretch));
    }

    /// Forgets all nodes and keeps the memory. The borrow checker sees to it that no [`Var`]
    /// outlives this; [`Gradients`] from before are refused afterwards.
    ///
    /// ```compile_fail
    /// let mut tape = chainrule::scalar::Tape::new();
    /// let x = tape.var(1.0);
    /// tape.clear();
    /// x.value(); // x would name a node that is gone
    /// ```
    pub fn clear(&mut self) {
        self.id = next_id();
        self.recording.get_mut().clear();
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.recording.borrow().nodes.len()
    }

    /// How many bytes the nodes, edges and names take; what matrices hold is not counted. The
    /// backward pass needs `size_of::<V>()` more for each node.
    pub fn bytes(&self) -> usize {
        self.recording.borrow().bytes()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'t, V: Value> Var<'t, V> {
    /// The value that was computed here.
    #[inline]
    pub fn value(self) -> V {
        self.tape.recording.borrow().nodes[self.input.node()].value.clone()
    }

    /// Whether a gradient flows to it: not to a constant, nor to what depends on constants alone.
    pub(crate) fn varies(self) -> bool {
        self.input.varies()
    }

    /// (rows, columns) of the value; a number is (1, 1).
    pub fn shape(self) -> (usize, usize) {
        self.tape.recording.borrow().nodes[self.input.node()].value.shape()
    }

    /// Where this node stands on its tape: `#0` is the first.
    pub fn index(self) -> usize {
        self.input.node()
    }

    /// The tape that this was recorded on.
    pub fn tape(self) -> &'t Tape<V> {
        self.tape
    }

    /// Gives the node a name, for traces; the last one given counts.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.tape.recording.borrow_mut().names.push((self.index() as u32, name.into()));
        self
    }

    /// The gradient of this output with respect to every node, by one backward pass.
    ///
    /// Gradients are returned, not stored in the nodes: there is nothing to zero, a second call
    /// gives the same answer, and two outputs on one tape do not disturb each other.
    ///
    /// # Panics
    /// If the value is not 1×1.
    #[track_caller]
    pub fn backward(self) -> Gradients<V> {
        self.assert_single();
        let recording = self.tape.recording.borrow();
        Gradients { id: self.tape.id, entries: recording.sweep(self.index(), |_| ()) }
    }

    /// Panics where this cannot be the start of a backward pass.
    #[track_caller]
    pub(crate) fn assert_single(self) {
        if self.shape() != (1, 1) {
            not_single(self.shape())
        }
    }
}

impl<V: Value> Gradients<V> {
    /// The gradient with respect to `var`: a value of its shape. It is zero if the output does not
    /// depend on `var`, or depends on it as a constant; of the output itself it is 1.
    ///
    /// # Panics
    /// If `var` belongs to another tape, or the tape was cleared since.
    #[track_caller]
    pub fn wrt(&self, var: Var<'_, V>) -> V {
        if self.id != var.tape.id {
            foreign(
                Location::caller(),
                "these gradients belong to another tape, or the tape was cleared since",
            )
        }
        match self.entries.get(var.index()) {
            Some(gradient) if !gradient.is_nothing() => gradient.clone(),
            _ => var.value().like(0.0),
        }
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl<V: Value> Drop for Tape<V> {
    fn drop(&mut self) {
        kept::leave(self.recording.replace(Recording::empty()));
    }
}

impl<V: Value> Default for Tape<V> {
    fn default() -> Self {
        Tape::new()
    }
}

impl<V: Value> Clone for Var<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Value> Copy for Var<'_, V> {}

impl<V: Value + fmt::Debug> fmt::Debug for Var<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recording = self.tape.recording.borrow();
        let Site { operation, at } = recording.site_of(self.index());
        let value = &recording.nodes[self.input.node()].value;
        write!(f, "#{} {} = {value:?} ({at})", self.index(), operation.name)
    }
}

impl<V: Value + fmt::Display> fmt::Display for Var<'_, V> {
    /// The value. `{:?}` says more: the node, its operation and where it was recorded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tape.recording.borrow().nodes[self.input.node()].value.fmt(f)
    }
}

impl<V: Value> fmt::Debug for Tape<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape({} nodes)", self.len())
    }
}

impl<V: Value> fmt::Debug for Gradients<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gradients({} nodes)", self.entries.len())
    }
}
