//! What a tape holds, nodes and edges, and the backward pass over them.

use std::borrow::Cow;
use std::panic::Location;

use super::Value;
use crate::error::mistake_at;

/// The nodes, oldest first, and what belongs to them.
pub(crate) struct Recording<V: Value> {
    pub nodes: Vec<Node<V>>,
    /// The edges of all nodes, oldest node first.
    pub edges: Vec<Edge<V::Local>>,
    sites: Sites,
    /// Names that the learner gave to nodes.
    pub names: Vec<(u32, Cow<'static, str>)>,
    /// Plain numbers that were operands: node, position among its operands, number.
    pub constants: Vec<(u32, u32, f64)>,
}

pub(crate) struct Node<V> {
    pub value: V,
    /// Which site recorded it, times two; plus one if a gradient is wanted here, as it is for a
    /// variable and for all that depends on one.
    site_and_varies: u32,
    /// Where this node's edges end, and the next node's begin.
    edges_end: u32,
}

pub(crate) struct Edge<L> {
    pub input: u32,
    /// Whether the input varies: an edge to a constant carries nothing back.
    pub carries: bool,
    pub local: L,
}

/// What all nodes have in common that one line recorded with one operation.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    pub operation: &'static str,
    /// The learner's line.
    pub at: &'static Location<'static>,
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

impl<V> Node<V> {
    #[inline(always)]
    pub fn varies(&self) -> bool {
        self.site_and_varies % 2 == 1
    }
}

impl<V: Value> Recording<V> {
    pub fn new() -> Self {
        let sites = Sites { all: vec![], recent: [0; 64] };
        Recording { nodes: vec![], edges: vec![], sites, names: vec![], constants: vec![] }
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.edges.clear();
        self.sites.all.clear();
        self.names.clear();
        self.constants.clear();
    }

    /// How many bytes all this takes, without the sites: how often one of them is listed again
    /// depends on where the program lies in memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.nodes[..])
            + size_of_val(&self.edges[..])
            + size_of_val(&self.names[..])
            + size_of_val(&self.constants[..])
    }

    /// One more node, whose edges were pushed before.
    #[inline(always)]
    pub fn push(&mut self, value: V, site: Site, varies: bool) -> u32 {
        if self.nodes.len() >= MOST || self.edges.len() > MOST {
            full()
        }
        let (index, edges_end) = (self.nodes.len() as u32, self.edges.len() as u32);
        let site = self.sites.index_of(site); // there are no more sites than nodes
        let site_and_varies = 2 * site + u32::from(varies);
        self.nodes.push(Node { value, site_and_varies, edges_end });
        index
    }

    pub fn edges_of(&self, node: usize) -> &[Edge<V::Local>] {
        let start = if node == 0 { 0 } else { self.nodes[node - 1].edges_end };
        &self.edges[start as usize..self.nodes[node].edges_end as usize]
    }

    #[inline(always)]
    pub fn site_of(&self, node: usize) -> &Site {
        &self.sites.all[self.nodes[node].site_and_varies as usize / 2]
    }

    /// For each node, newest first: for each edge: the input's gradient += local derivative × the
    /// node's gradient. `watch` sees every step.
    #[track_caller]
    pub fn sweep(&self, output: u32, mut watch: impl FnMut(Passage<'_, V>)) -> Vec<Option<V>> {
        let output = output as usize;
        let mut gradients: Vec<Option<V>> = vec![None; output + 1];
        gradients[output] = Some(self.nodes[output].value.like(1.0));
        for node in (0..=output).rev() {
            // Inputs are older than the node: they lie to its left.
            let (inputs, rest) = gradients.split_at_mut(node);
            let Some(upstream) = &rest[0] else { continue };
            for edge in self.edges_of(node).iter().filter(|edge| edge.carries) {
                let input = self.nodes[edge.input as usize].value.shape();
                if !V::accepts(&edge.local, upstream) {
                    self.misshapen(node, "does not fit its gradient", input)
                }
                let contribution = V::carry_back(&edge.local, upstream);
                if contribution.shape() != input {
                    self.misshapen(node, &format!("gave {:?}", contribution.shape()), input)
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

    #[cold]
    #[track_caller]
    fn misshapen(&self, node: usize, what: &str, input: (usize, usize)) -> ! {
        let Site { operation, at, .. } = self.site_of(node);
        mistake_at(
            at,
            &format!("a local derivative of `{operation}` {what}, its input is {input:?}"),
            &[format!("the node is {:?}", self.nodes[node].value.shape())],
            "a gradient has one entry for each entry of its value, hence the same shape",
            &format!("let the local derivative return {input:?}; often a transpose is missing"),
        )
    }
}

/// All sites of a recording. A loop records the same few again and again: `recent` finds those
/// again at once, and a site that it has lost sight of is simply listed a second time.
struct Sites {
    all: Vec<Site>,
    recent: [u32; 64],
}

impl Sites {
    #[inline(always)]
    fn index_of(&mut self, site: Site) -> u32 {
        let Site { operation, at } = site;
        // Where a line's description and a name lie in memory, mixed well (Fibonacci hashing).
        let address = std::ptr::from_ref(at).addr() as u64 + 5 * operation.as_ptr().addr() as u64;
        let slot = address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
        let recent = &mut self.recent[slot as usize];
        if let Some(known) = self.all.get(*recent as usize)
            && std::ptr::eq(known.at, at)
            && std::ptr::eq(known.operation, operation)
        {
            return *recent;
        }
        *recent = self.all.len() as u32;
        self.all.push(site);
        *recent
    }
}

/// So many nodes and edges fit on a tape, where each has a number of 31 bits.
const MOST: usize = 1 << 31;

#[cold]
fn full() -> ! {
    panic!("a tape holds at most {MOST} nodes and as many edges")
}
