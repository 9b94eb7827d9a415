//! What a tape holds, nodes and edges, and the backward pass over them.

use std::borrow::Cow;
use std::iter::once;
use std::ops::Range;
use std::panic::Location;

use super::kept::{Site, Sites};
use super::mistakes::{full, misshapen};
use super::{Operation, Value};
use crate::error::Stretch;

/// The nodes, oldest first, and what belongs to them.
pub(crate) struct Recording<V: Value> {
    pub nodes: Vec<Node<V>>,
    /// The third and further edges of all nodes, oldest node first.
    more: Vec<Pair<V::Local>>,
    sites: Sites,
    /// Names that the learner gave to nodes.
    pub names: Vec<(u32, Cow<'static, str>)>,
    /// Nodes of a formula that was typed, and where they stand in it.
    pub places: Vec<(Range<usize>, Stretch)>,
}

/// A node in one piece, 40 bytes on a tape of numbers. (With the edges in a list of their own,
/// recording and the backward pass took half as long again.)
pub(crate) struct Node<V: Value> {
    pub value: V,
    /// The first two edges.
    edges: Pair<V::Local>,
    /// Where its further edges begin in `more`; those of the next node begin where they end.
    more: u32,
    /// Which site recorded it; plus `NOWHERE` unless a gradient is wanted here, as it is for a
    /// variable and for all that depends on one.
    site: u32,
}

/// An edge: the input that it leads to, and the local derivative with respect to it.
pub(crate) struct Edge<L> {
    pub input: Input,
    pub local: L,
}

/// Two edges. (One by one they would take 32 bytes, not 24.)
pub(crate) struct Pair<L> {
    locals: [L; 2],
    inputs: [Input; 2],
}

/// The number of the node that an edge leads to; or, from `NOWHERE` on, one that no node has, so
/// that nothing is carried back: a constant (its own number, plus `NOWHERE`), a plain number, no
/// edge. (An enum would say the same, and cost 4 ns per edge.)
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Input(u32);

const NOWHERE: u32 = 1 << 31;

/// At most this many nodes fit on a tape, and as many pairs of further edges.
pub(super) const MOST: usize = NOWHERE as usize - 2;

impl Input {
    /// A plain number, which then stands in place of the local derivative.
    pub const NUMBER: Input = Input(u32::MAX);
    pub const NONE: Input = Input(u32::MAX - 1);

    #[inline(always)]
    pub fn varies(self) -> bool {
        self.0 < NOWHERE
    }

    /// The number of the node, variable or constant.
    #[inline(always)]
    pub fn node(self) -> usize {
        (self.0 % NOWHERE) as usize
    }
}

impl<L: From<f64>> Edge<L> {
    /// What stands in for a missing edge.
    #[inline(always)]
    pub fn none() -> Self {
        Edge { input: Input::NONE, local: 0.0.into() }
    }
}

impl<L> Pair<L> {
    #[inline(always)]
    fn new(first: Edge<L>, second: Edge<L>) -> Self {
        Pair { locals: [first.local, second.local], inputs: [first.input, second.input] }
    }

    /// Appends a pair.
    #[inline(always)]
    pub fn push(list: &mut Vec<Self>, first: Edge<L>, second: Edge<L>) {
        if list.len() < list.capacity() {
            list.push(Pair::new(first, second));
        } else {
            Pair::grow_and_push(list, first, second);
        }
    }

    /// The rare case, kept apart for the reason given at `Recording::prepare_and_push`.
    #[cold]
    #[inline(never)]
    fn grow_and_push(list: &mut Vec<Self>, first: Edge<L>, second: Edge<L>) {
        list.push(Pair::new(first, second));
    }

    /// Whether either leads to something that varies.
    pub fn varies(&self) -> bool {
        self.edges().any(|edge| edge.input.varies())
    }

    #[inline(always)]
    fn edges(&self) -> impl Iterator<Item = Edge<&L>> {
        self.inputs.iter().zip(&self.locals).map(|(&input, local)| Edge { input, local })
    }
}

/// One edge in the backward pass, as a watcher sees it.
pub(crate) struct Passage<'a, V: Value> {
    pub node: usize,
    /// Which of the node's operands the input is: 0 for the first.
    pub operand: usize,
    pub input: usize,
    pub local: &'a V::Local,
    pub upstream: &'a V,
    /// local derivative × upstream.
    pub contributed: &'a V,
    /// The input's gradient so far; `None` if nothing had come in.
    pub before: Option<&'a V>,
}

impl<V: Value> Node<V> {
    pub fn varies(&self) -> bool {
        self.site < NOWHERE
    }
}

impl<V: Value> Recording<V> {
    pub const fn empty() -> Self {
        Recording {
            nodes: vec![],
            more: vec![],
            sites: Sites::none(),
            names: vec![],
            places: vec![],
        }
    }

    /// Forgets the nodes. It keeps the memory, and the sites: those are facts about the program.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.more.clear();
        self.names.clear();
        self.places.clear();
    }

    /// How many bytes all this takes, without the sites.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.nodes[..])
            + size_of_val(&self.more[..])
            + size_of_val(&self.names[..])
            + size_of_val(&self.places[..])
    }

    /// How many bytes are set aside, all told.
    pub fn capacity(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<V>>()
            + self.more.capacity() * size_of::<Pair<V::Local>>()
            + self.names.capacity() * size_of::<(u32, Cow<str>)>()
            + self.places.capacity() * size_of::<(Range<usize>, Stretch)>()
            + self.sites.bytes()
    }

    /// One more node: at once where its site is listed and there is room, as nearly always; else both
    /// are prepared first.
    #[inline(always)]
    pub fn push(
        &mut self,
        value: V,
        edges: [Edge<V::Local>; 2],
        varies: bool,
        site: Site,
    ) -> Input {
        let (number, [first, second], Site { operation, at }) = (self.nodes.len(), edges, site);
        let site = self.sites.find(site).filter(|_| number < self.nodes.capacity());
        let Some(site) = site else {
            let Operation { name, slopes: [x, c], ours } = operation;
            return self.prepare_and_push(value, first, second, varies, name, x, c, ours, at);
        };
        let nowhere = if varies { 0 } else { NOWHERE };
        let (edges, more) = (Pair::new(first, second), self.more.len() as u32);
        self.nodes.push(Node { value, edges, more, site: site + nowhere });
        Input(number as u32 + nowhere)
    }

    /// Makes room for a node, lists its site, and then pushes it. This is kept apart so that `push`
    /// makes no call where all is prepared: across a call, the compiler keeps the node's numbers in
    /// memory, and so it does with what is passed in one struct. That costs 2 ns per node.
    #[cold]
    #[inline(never)]
    #[allow(clippy::too_many_arguments)]
    fn prepare_and_push(
        &mut self,
        value: V,
        first: Edge<V::Local>,
        second: Edge<V::Local>,
        varies: bool,
        name: &'static str,
        x: &'static str,
        c: &'static str,
        ours: bool,
        at: &'static Location<'static>,
    ) -> Input {
        let count = self.nodes.len();
        if count >= MOST {
            full()
        }
        if count == self.nodes.capacity() {
            self.nodes.reserve_exact(count.max(64).min(MOST - count));
        }
        let site = Site { operation: Operation { name, slopes: [x, c], ours }, at };
        self.sites.add(site);
        self.push(value, [first, second], varies, site)
    }

    /// Further edges of the node that was pushed last.
    pub fn push_more(&mut self, edges: &mut Vec<Pair<V::Local>>) {
        if self.more.len() + edges.len() > MOST {
            full()
        }
        self.more.append(edges);
    }

    /// Where the further edges of a node end.
    fn more_end(&self, node: usize) -> usize {
        self.nodes.get(node + 1).map_or(self.more.len(), |next| next.more as usize)
    }

    /// The edges of a node, in the order of its operands.
    pub fn edges(&self, node: usize) -> impl Iterator<Item = Edge<&V::Local>> {
        let Node { edges, more, .. } = &self.nodes[node];
        let further = &self.more[*more as usize..self.more_end(node)];
        let all = once(edges).chain(further).flat_map(Pair::edges);
        all.filter(|edge| edge.input != Input::NONE)
    }

    pub fn site_of(&self, node: usize) -> Site {
        self.sites.get(self.nodes[node].site % NOWHERE)
    }

    /// For each node, newest first: for each edge: the input's gradient += local derivative × the
    /// node's gradient.
    ///
    /// It starts at `output`, whose gradient is 1, and skips nodes that nothing has reached. `watch`
    /// sees every step, before it is added.
    #[track_caller]
    pub fn sweep(&self, output: usize, mut watch: impl FnMut(Passage<'_, V>)) -> Vec<V> {
        let nodes = &self.nodes[..=output];
        let mut more = &self.more[..self.more_end(output)];
        let mut gradients = vec![V::nothing(); output + 1];
        gradients[output] = nodes[output].value.like(1.0);
        for node in (0..=output).rev() {
            let Node { edges, more: start, .. } = &nodes[node];
            // Each node takes its further edges off the end. (To look up their end: 1 ns per node.)
            let further;
            (more, further) = more.split_at(*start as usize);
            // Inputs are older than the node: their gradients lie to the left of its own.
            let older = &nodes[..node];
            let (older_gradients, from_here) = gradients.split_at_mut(node);
            let upstream = &from_here[0];
            if upstream.is_nothing() {
                continue;
            }
            for (k, pair) in once(edges).chain(further).enumerate() {
                for (l, Edge { input, local }) in pair.edges().enumerate() {
                    let input = input.0 as usize;
                    // A constant, a plain number or no edge: out of range, see `Input`.
                    let Some(gradient) = older_gradients.get_mut(input) else { continue };
                    let shape = older[input].value.shape();
                    let contribution = self.contribution(node, local, upstream, shape);
                    let before = (!gradient.is_nothing()).then_some(&*gradient);
                    let (operand, contributed) = (2 * k + l, &contribution);
                    watch(Passage { node, operand, input, local, upstream, contributed, before });
                    if gradient.is_nothing() {
                        *gradient = contribution;
                    } else {
                        gradient.accumulate(contribution);
                    }
                }
            }
        }
        gradients
    }

    /// local derivative × upstream, which must have the input's shape.
    #[track_caller]
    #[inline(always)]
    fn contribution(
        &self,
        node: usize,
        local: &V::Local,
        upstream: &V,
        input: (usize, usize),
    ) -> V {
        if !V::accepts(local, upstream) {
            misshapen(self, node, "does not fit its gradient", input)
        }
        let contribution = V::carry_back(local, upstream);
        if contribution.shape() != input {
            misshapen(self, node, &format!("gave {:?}", contribution.shape()), input)
        }
        contribution
    }
}
