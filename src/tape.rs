//! The engine: a tape lists what was computed, and `backward` passes over it once, from its end.
//!
//! Taught in `docs/03_tape.md`, `docs/04_fan_out.md`.
//!
//! It knows no operations. A node holds its value and an edge to each input; an edge holds the
//! local derivative, which carries the gradient of the node back to that input. An input is always
//! older than what was computed from it, so the order of the tape is the order of the pass: no
//! sort, no recursion, however deep the computation.

mod recording;

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{mistake, mistake_at};
use recording::{Edge, Recording, Site};

/// What a tape can hold: numbers (`f64`) and matrices ([`Tensor`](crate::tensor::Tensor)).
pub trait Value: Clone {
    /// The local derivative on an edge: a linear map from the node's gradient to the input's.
    type Local;
    /// (rows, columns); a number is (1, 1).
    fn shape(&self) -> (usize, usize);
    /// A value of this shape in which every entry is `entry`: `like(0.0)` is a gradient that
    /// nothing has reached, `like(1.0)` the seed of the backward pass.
    fn like(&self, entry: f64) -> Self;
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
}

/// A handle to one node: `Copy`, so that `x * w + b` reads like mathematics.
pub struct Var<'t, V: Value> {
    tape: &'t Tape<V>,
    index: u32,
}

/// What [`Var::backward`] returns: the gradient of one output with respect to every node.
#[derive(Clone)]
pub struct Gradients<V> {
    id: u64,
    entries: Vec<Option<V>>,
}

impl<V: Value> Tape<V> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { id: next_id(), recording: RefCell::new(Recording::new()) }
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

    /// Records one operation: its name, its value, and for each input the local derivative.
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
    /// # Panics
    /// If an input belongs to another tape.
    #[track_caller]
    #[inline(always)]
    pub fn record<'t>(
        &'t self,
        name: &'static str,
        value: V,
        edges: impl IntoIterator<Item = (Var<'t, V>, V::Local)>,
    ) -> Var<'t, V> {
        // The iterator runs to its end before the tape is borrowed. Nearly every operation has one
        // or two inputs: for speed, those go without a list.
        let mut inputs = edges.into_iter();
        let first = inputs.next();
        let second = if first.is_some() { inputs.next() } else { None };
        let others = if second.is_some() { inputs.collect() } else { vec![] };
        let own = |edge: &(Var<'t, V>, V::Local)| std::ptr::eq(self, edge.0.tape);
        if !first.iter().all(own) || !second.iter().all(own) || !others.iter().all(own) {
            foreign_input(Location::caller(), name)
        }
        let mut recording = self.recording.borrow_mut();
        let Recording { nodes, edges, .. } = &mut *recording;
        let mut varies = false;
        let mut edge = |(input, local): (Var<'t, V>, V::Local)| {
            let carries = nodes[input.index as usize].varies();
            varies |= carries;
            Edge { input: input.index, carries, local }
        };
        if let Some(first) = first {
            edges.push(edge(first));
        }
        if let Some(second) = second {
            edges.push(edge(second));
        }
        if !others.is_empty() {
            edges.extend(others.into_iter().map(edge));
        }
        let site = Site { operation: name, at: Location::caller() };
        let index = recording.push(value, site, varies);
        Var { tape: self, index }
    }

    #[track_caller]
    fn input(&self, operation: &'static str, value: V, varies: bool) -> Var<'_, V> {
        let site = Site { operation, at: Location::caller() };
        let index = self.recording.borrow_mut().push(value, site, varies);
        Var { tape: self, index }
    }

    /// Refuses inputs of another tape, before their values or shapes are looked at.
    #[track_caller]
    #[inline(always)]
    pub(crate) fn assert_own(&self, operation: &str, inputs: &[Var<'_, V>]) {
        if inputs.iter().any(|input| !std::ptr::eq(self, input.tape)) {
            foreign_input(Location::caller(), operation)
        }
    }

    /// The values of several variables of this tape, read at once.
    pub(crate) fn values(&self, vars: &[Var<'_, V>]) -> Vec<V> {
        let nodes = &self.recording.borrow().nodes;
        vars.iter().map(|var| nodes[var.index as usize].value.clone()).collect()
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

    /// How many bytes the nodes, edges, names and plain numbers take; what matrices hold is not
    /// counted. The backward pass needs `size_of::<Option<V>>()` more for each node.
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
    pub fn value(self) -> V {
        self.tape.recording.borrow().nodes[self.index as usize].value.clone()
    }

    /// The value here and the value there, on the same tape, read at once.
    #[inline(always)]
    pub(crate) fn values(self, other: Self) -> (V, V) {
        let nodes = &self.tape.recording.borrow().nodes;
        (nodes[self.index as usize].value.clone(), nodes[other.index as usize].value.clone())
    }

    /// (rows, columns) of the value; a number is (1, 1).
    pub fn shape(self) -> (usize, usize) {
        self.tape.recording.borrow().nodes[self.index as usize].value.shape()
    }

    /// Where this node stands on its tape: `#0` is the first.
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// The tape that this was recorded on.
    pub fn tape(self) -> &'t Tape<V> {
        self.tape
    }

    /// Gives the node a name, for traces; the last one given counts.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.tape.recording.borrow_mut().names.push((self.index, name.into()));
        self
    }

    /// Notes that the plain number `constant` was the operand at `position` (the first is 0) of the
    /// operation that computed this, so that a trace can show `mul(#3, 2)`.
    pub fn with_constant(self, position: usize, constant: f64) -> Self {
        let entry = (self.index, position as u32, constant);
        self.tape.recording.borrow_mut().constants.push(entry);
        self
    }

    /// [`with_constant`](Var::with_constant) for several numbers, one after the other.
    pub(crate) fn with_constants(self, first: usize, constants: &[f64]) -> Self {
        let entry = |(k, &number)| (self.index, (first + k) as u32, number);
        let entries = constants.iter().enumerate().map(entry);
        self.tape.recording.borrow_mut().constants.extend(entries);
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
        Gradients { id: self.tape.id, entries: recording.sweep(self.index, |_| ()) }
    }

    /// Panics where this cannot be the start of a backward pass.
    #[track_caller]
    pub(crate) fn assert_single(self) {
        let (rows, columns) = self.shape();
        if (rows, columns) != (1, 1) {
            mistake(
                &format!("backward must start from a single number, not from ({rows}, {columns})"),
                &[format!("this output has {} entries", rows * columns)],
                "a gradient says how one number changes; many outputs have a Jacobian",
                "call .sum() or .mean() on the output first, then .backward()",
            )
        }
    }

    pub(crate) fn with_recording<T>(self, read: impl FnOnce(&Recording<V>) -> T) -> T {
        read(&self.tape.recording.borrow())
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
        match self.entries.get(var.index as usize) {
            Some(Some(gradient)) => gradient.clone(),
            _ => var.value().like(0.0),
        }
    }
}

#[cold]
#[track_caller]
pub(crate) fn foreign_input(at: &Location<'_>, operation: &str) -> ! {
    foreign(at, &format!("an input of `{operation}` belongs to another tape"))
}

#[cold]
#[track_caller]
fn foreign(at: &Location<'_>, what: &str) -> ! {
    mistake_at(
        at,
        what,
        &[],
        "a node's number means something on its own tape only",
        "create all variables on one tape, and call backward after the last clear",
    )
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
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
        let Site { operation, at, .. } = recording.site_of(self.index as usize);
        let value = &recording.nodes[self.index as usize].value;
        write!(f, "#{} {operation} = {value:?} ({at})", self.index)
    }
}

impl<V: Value + fmt::Display> fmt::Display for Var<'_, V> {
    /// The value. `{:?}` says more: the node, its operation and where it was recorded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tape.recording.borrow().nodes[self.index as usize].value.fmt(f)
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
