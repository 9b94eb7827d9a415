//! The engine: a tape lists what was computed, and `backward` walks that list from its end.
//!
//! It knows no operations. A node holds its value and an edge to each input; an edge holds the
//! local derivative, which carries the gradient of the node back to that input. An input is always
//! older than what was computed from it, so the order of the tape is the order of the walk: no
//! sort, no recursion, however deep the computation.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{mistake, mistake_at};

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
    fn carry_back(local: &Self::Local, upstream: &Self) -> Self;
    /// gradient += contribution.
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

pub(crate) struct Recording<V: Value> {
    pub nodes: Vec<Node<V>>,
    /// The edges of all nodes, oldest node first.
    edges: Vec<Edge<V::Local>>,
    /// Names that the learner gave to nodes.
    pub names: Vec<(u32, String)>,
    /// Plain numbers that were operands: node, position among its operands, number.
    pub constants: Vec<(u32, u32, f64)>,
}

pub(crate) struct Node<V> {
    pub value: V,
    pub operation: &'static str,
    /// The learner's line.
    pub at: &'static Location<'static>,
    /// Where this node's edges end, and the next node's begin.
    edges_end: usize,
    /// Whether a gradient is wanted here: true for a variable and for all that depends on one.
    pub varies: bool,
}

pub(crate) struct Edge<L> {
    pub input: u32,
    /// Whether the input varies: an edge to a constant carries nothing back.
    pub carries: bool,
    pub local: L,
}

/// A handle to one node: `Copy`, so that `x * w + b` reads like mathematics.
pub struct Var<'t, V: Value> {
    tape: &'t Tape<V>,
    index: u32,
}

/// What [`Var::backward`] returns: the gradient of one output with respect to every node.
pub struct Gradients<V> {
    id: u64,
    entries: Vec<Option<V>>,
}

impl<V: Value> Tape<V> {
    /// An empty tape.
    pub fn new() -> Self {
        let recording =
            Recording { nodes: vec![], edges: vec![], names: vec![], constants: vec![] };
        Tape { id: next_id(), recording: RefCell::new(recording) }
    }

    /// A variable: gradients flow to it.
    #[track_caller]
    pub fn var(&self, value: V) -> Var<'_, V> {
        self.push(Location::caller(), "var", value, true, [])
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
        self.push(Location::caller(), "const", value, false, [])
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
    pub fn record<'t>(
        &'t self,
        name: &'static str,
        value: V,
        edges: impl IntoIterator<Item = (Var<'t, V>, V::Local)>,
    ) -> Var<'t, V> {
        // All edges first, and then the tape is borrowed. An iterator of one or two is pulled by
        // hand, for speed: nearly every operation has no more.
        let at = Location::caller();
        let mut edges = edges.into_iter().fuse();
        let (first, second, third) = (edges.next(), edges.next(), edges.next());
        let few = [first, second].into_iter().flatten();
        match third {
            None => self.push(at, name, value, false, few),
            Some(third) => {
                let many: Vec<_> = few.chain([third]).chain(edges).collect();
                self.push(at, name, value, false, many)
            }
        }
    }

    fn push<'t>(
        &'t self,
        at: &'static Location<'static>,
        operation: &'static str,
        value: V,
        mut varies: bool,
        edges: impl IntoIterator<Item = (Var<'t, V>, V::Local)>,
    ) -> Var<'t, V> {
        let mut recording = self.recording.borrow_mut();
        let Recording { nodes, edges: all, .. } = &mut *recording;
        let start = all.len();
        for (input, local) in edges {
            if !std::ptr::eq(self, input.tape) {
                all.truncate(start); // the tape stays as it was
                foreign(at, &format!("an input of `{operation}` belongs to another tape"))
            }
            let carries = nodes[input.index as usize].varies;
            varies |= carries;
            all.push(Edge { input: input.index, carries, local });
        }
        let index = nodes.len() as u32;
        assert!(nodes.len() < u32::MAX as usize, "a tape holds at most {} nodes", u32::MAX);
        nodes.push(Node { value, operation, at, edges_end: all.len(), varies });
        Var { tape: self, index }
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
        let recording = self.recording.get_mut();
        recording.nodes.clear();
        recording.edges.clear();
        recording.names.clear();
        recording.constants.clear();
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.recording.borrow().nodes.len()
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
    pub fn named(self, name: &str) -> Self {
        self.tape.recording.borrow_mut().names.push((self.index, name.to_string()));
        self
    }

    /// Notes that the plain number `constant` was the operand at `position` (the first is 0) of the
    /// operation that computed this, so that a trace can show `mul(#3, 2)`.
    pub fn with_constant(self, position: usize, constant: f64) -> Self {
        let entry = (self.index, position as u32, constant);
        self.tape.recording.borrow_mut().constants.push(entry);
        self
    }

    /// The gradient of this output with respect to every node, by one walk back along the tape.
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
                "a gradient says how one number changes; many outputs have a Jacobian instead",
                "call .sum() or .mean() on the output first, then .backward()",
            )
        }
    }

    pub(crate) fn with_recording<T>(self, read: impl FnOnce(&Recording<V>) -> T) -> T {
        read(&self.tape.recording.borrow())
    }
}

/// One edge in the backward pass, as those see it who watch.
pub(crate) struct Passage<'a, V: Value> {
    pub node: usize,
    pub edge: &'a Edge<V::Local>,
    pub upstream: &'a V,
    pub contribution: &'a V,
    /// The input's gradient so far; `None` if this contribution is its first.
    pub before: Option<&'a V>,
}

impl<V: Value> Recording<V> {
    pub fn edges_of(&self, node: usize) -> &[Edge<V::Local>] {
        let start = if node == 0 { 0 } else { self.nodes[node - 1].edges_end };
        &self.edges[start..self.nodes[node].edges_end]
    }

    /// For each node, newest first: for each edge: the input's gradient += local derivative × the
    /// node's gradient. `watch` sees every step.
    pub fn sweep(&self, output: u32, mut watch: impl FnMut(Passage<'_, V>)) -> Vec<Option<V>> {
        let output = output as usize;
        let mut gradients: Vec<Option<V>> = vec![None; output + 1];
        gradients[output] = Some(self.nodes[output].value.like(1.0));
        for node in (0..=output).rev() {
            // Inputs are older than the node: they lie to its left.
            let (inputs, rest) = gradients.split_at_mut(node);
            let Some(upstream) = &rest[0] else { continue };
            for edge in self.edges_of(node).iter().filter(|edge| edge.carries) {
                let contribution = V::carry_back(&edge.local, upstream);
                let input = &self.nodes[edge.input as usize].value;
                if contribution.shape() != input.shape() {
                    self.misshapen(node, contribution.shape(), input.shape())
                }
                let gradient = &mut inputs[edge.input as usize];
                let before = gradient.as_ref();
                watch(Passage { node, edge, upstream, contribution: &contribution, before });
                match gradient {
                    Some(sum) => sum.accumulate(contribution),
                    None => *gradient = Some(contribution),
                }
            }
        }
        gradients
    }

    fn misshapen(&self, node: usize, got: (usize, usize), wanted: (usize, usize)) -> ! {
        let Node { operation, at, .. } = &self.nodes[node];
        mistake_at(
            at,
            &format!("a local derivative of `{operation}` gave {got:?}, its input is {wanted:?}"),
            &[format!("the node is {:?}", self.nodes[node].value.shape())],
            "a gradient has one entry for each entry of its value, hence the same shape",
            &format!("let the local derivative return {wanted:?}; often a transpose is missing"),
        )
    }
}

impl<V: Value> Gradients<V> {
    /// The gradient with respect to `var`: a value of its shape, zero if the output does not
    /// depend on it or if it is a constant.
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
fn foreign(at: &Location<'_>, what: &str) -> ! {
    mistake_at(
        at,
        what,
        &[],
        "a node's number means something on its own tape only",
        "create all variables of one computation with the same `tape`, and ask its gradients",
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
        let Node { value, operation, at, .. } = &recording.nodes[self.index as usize];
        write!(f, "#{} {operation} = {value:?} ({at})", self.index)
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
