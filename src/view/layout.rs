//! Where the nodes of a graph stand: in layers, in an order with few crossings, close to their
//! neighbours (Sugiyama, Tagawa and Toda 1981).

use std::collections::{HashMap, HashSet};
use std::mem::take;

use crate::trace::{Node, Operand, Trace};

/// Above so many nodes, those that one line computed share a box.
const FEW: usize = 60;
/// A picture has at most the newest 250 boxes.
const MOST: usize = 250;

/// The plan of a picture. A layer holds slots: a slot is a node, or a bend of an edge that passes
/// through on its way to a later layer.
pub(crate) struct Layout {
    pub slots: Vec<Slot>,
    /// The slots of each layer, in their order across; inputs are in earlier layers.
    pub layers: Vec<Vec<usize>>,
    pub edges: Vec<Edge>,
    /// How many nodes that the output depends on are not drawn.
    pub omitted: usize,
}

pub(crate) struct Slot {
    /// The nodes that share this box, oldest first; none for a bend.
    pub nodes: Vec<usize>,
    pub layer: usize,
    /// The room that it takes across its layer, distance included.
    width: f64,
    /// The place of its middle across the layer, in the units of the widths.
    pub across: f64,
}

impl Slot {
    /// The first of its nodes; None for a bend.
    pub fn node(&self) -> Option<usize> {
        self.nodes.first().copied()
    }
}

/// One operand of one node; of nodes that share a box, that of the first that has it.
pub(crate) struct Edge {
    pub node: usize,
    pub operand: usize,
    /// The slots along the edge: the input, bends, the node.
    pub path: Vec<usize>,
}

impl Layout {
    /// A slot takes `node_width` of its node, or `bend_width`, across its layer, distances included.
    pub fn new(trace: &Trace, node_width: impl Fn(usize) -> f64, bend_width: f64) -> Layout {
        let used: Vec<usize> = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used).collect();
        let mut boxes = boxes(trace, &used);
        let older = boxes.drain(..boxes.len().saturating_sub(MOST));
        let omitted = older.map(|nodes| nodes.len()).sum();
        let mut layout = Layout { slots: vec![], layers: vec![], edges: vec![], omitted };
        let (mut slot_of, mut constant) = (vec![None; trace.nodes.len()], vec![]);
        for nodes in boxes {
            nodes.iter().for_each(|&node| slot_of[node] = Some(layout.slots.len()));
            constant.push(!trace.nodes[nodes[0]].varies);
            let width = node_width(nodes[0]);
            layout.slots.push(Slot { nodes, layer: 0, width, across: 0.0 });
        }
        let mut joined = HashSet::new();
        for node in used {
            for (operand, input) in trace.nodes[node].operands.iter().enumerate() {
                let Operand::Node(input) = *input else { continue };
                let (Some(from), Some(to)) = (slot_of[input], slot_of[node]) else { continue };
                let is_first =
                    [from, to].map(|slot| layout.slots[slot].node()) == [Some(input), Some(node)];
                // What a loop takes from the round before leads back, and is not drawn.
                if from < to && (joined.insert((from, to)) || is_first) {
                    layout.edges.push(Edge { node, operand, path: vec![from, to] });
                }
            }
        }
        layout.edges.sort_by_key(|edge| edge.path[1]);
        layout.assign_layers(&constant);
        layout.bend_long_edges(bend_width);
        let (before, after) = layout.neighbours();
        layout.reduce_crossings(&before, &after);
        layout.place_across(&before, &after);
        layout
    }

    /// A node stands one layer after its last input; an input, and what depends on constants only,
    /// one before its first use.
    fn assign_layers(&mut self, constant: &[bool]) {
        let mut has_input = vec![false; self.slots.len()];
        for edge in &self.edges {
            let (from, to) = (edge.path[0], edge.path[1]);
            self.slots[to].layer = self.slots[to].layer.max(self.slots[from].layer + 1);
            has_input[to] = true;
        }
        // Newest first: all uses of a node have their layer before the node gets its own.
        let mut first_use = vec![usize::MAX; self.slots.len()];
        for edge in self.edges.iter().rev() {
            let (from, to) = (edge.path[0], edge.path[1]);
            first_use[from] = first_use[from].min(self.slots[to].layer);
            if !has_input[from] || constant[from] {
                self.slots[from].layer = first_use[from] - 1;
            }
        }
        let depth = self.slots.iter().map(|slot| slot.layer + 1).max().unwrap_or(0);
        self.layers = vec![vec![]; depth];
        for (s, slot) in self.slots.iter().enumerate() {
            self.layers[slot.layer].push(s);
        }
    }

    fn bend_long_edges(&mut self, width: f64) {
        for edge in &mut self.edges {
            let (from, to) = (edge.path[0], edge.path[1]);
            edge.path.pop();
            for layer in self.slots[from].layer + 1..self.slots[to].layer {
                edge.path.push(self.slots.len());
                self.layers[layer].push(self.slots.len());
                self.slots.push(Slot { nodes: vec![], layer, width, across: 0.0 });
            }
            edge.path.push(to);
        }
    }

    /// For each slot, the slots that it is joined to in the layer before, and in the layer after.
    fn neighbours(&self) -> (Vec<Vec<usize>>, Vec<Vec<usize>>) {
        let mut before = vec![vec![]; self.slots.len()];
        let mut after = before.clone();
        for pair in self.edges.iter().flat_map(|edge| edge.path.windows(2)) {
            after[pair[0]].push(pair[1]);
            before[pair[1]].push(pair[0]);
        }
        (before, after)
    }

    /// Sorts each layer by the mean place of the neighbours, down and up by turns.
    fn reduce_crossings(&mut self, before: &[Vec<usize>], after: &[Vec<usize>]) {
        let mut place = vec![0.0; self.slots.len()];
        for round in 0..8 {
            let down = round % 2 == 0;
            let neighbours = if down { before } else { after };
            for step in 0..self.layers.len() {
                let layer = if down { step } else { self.layers.len() - 1 - step };
                let layer = &mut self.layers[layer];
                for (i, &slot) in layer.iter().enumerate() {
                    place[slot] = mean(&neighbours[slot], |s| place[s]).unwrap_or(i as f64);
                }
                layer.sort_by(|&s, &t| place[s].total_cmp(&place[t]));
                for (i, &slot) in layer.iter().enumerate() {
                    place[slot] = i as f64;
                }
            }
        }
    }

    /// Moves each slot towards the mean of its neighbours, in the order found, without overlap.
    fn place_across(&mut self, before: &[Vec<usize>], after: &[Vec<usize>]) {
        for round in 0..25 {
            let down = round % 2 == 0; // the last round, too: a node then stands below its inputs
            let (near, far) = if down { (before, after) } else { (after, before) };
            for step in 0..self.layers.len() {
                let layer = if down { step } else { self.layers.len() - 1 - step };
                let order = &self.layers[layer];
                let (mut shifts, mut offsets) = (vec![], vec![]);
                let mut end = 0.0; // of the slots so far, if they stood side by side
                for &s in order {
                    let joined = if near[s].is_empty() { &far[s] } else { &near[s] };
                    let offset = end + self.slots[s].width / 2.0;
                    end += self.slots[s].width;
                    offsets.push(offset);
                    shifts.push(mean(joined, |s| self.slots[s].across).unwrap_or(0.0) - offset);
                }
                for ((&s, shift), offset) in order.iter().zip(rising(&shifts)).zip(offsets) {
                    self.slots[s].across = shift + offset;
                }
            }
        }
    }
}

/// The nodes that share each box, oldest first. Of a large trace they are those that one place
/// computed, for many examples or in a loop: under one name and for one use. Where that leaves too
/// many boxes, the use does not count, and then the name.
fn boxes(trace: &Trace, used: &[usize]) -> Vec<Vec<usize>> {
    let mut boxes = used.iter().map(|&k| vec![k]).collect::<Vec<_>>();
    for (most, by_name, by_use) in [(FEW, true, true), (MOST, true, false), (MOST, false, false)] {
        if boxes.len() > most {
            boxes = shared(trace, used, by_name, by_use);
        }
    }
    boxes
}

fn shared(trace: &Trace, used: &[usize], by_name: bool, by_use: bool) -> Vec<Vec<usize>> {
    let place = |node: &Node| {
        let name = if by_name { node.name.as_str() } else { "" };
        format!("{} {} {name}", node.at, node.operation.name)
    };
    let places: &[String] = &trace.nodes.iter().map(place).collect::<Vec<_>>();
    let inputs = |k: usize| trace.nodes[k].operands.iter().map(|operand| operand.node());
    // How many nodes of one place follow each other: if they are many, it is a loop.
    let again = |k: usize| inputs(k).flatten().filter(move |&input| places[input] == places[k]);
    let mut rounds = vec![1; trace.nodes.len()];
    for &k in used {
        rounds[k] = again(k).map(|input| rounds[input] + 1).max().unwrap_or(1);
    }
    for &k in used.iter().rev() {
        let all = rounds[k];
        again(k).for_each(|input| rounds[input] = all.max(rounds[input]));
    }
    let (mut boxes, mut found): (Vec<Vec<usize>>, _) = (vec![], HashMap::new());
    let mut uses: Vec<Vec<(usize, usize)>> = vec![vec![]; trace.nodes.len()]; // box, operand
    for &k in used.iter().rev() {
        let mut own = take(&mut uses[k]);
        own.sort_unstable();
        own.dedup();
        let is_next = |&user: &usize| rounds[k] > 3 && places[boxes[user][0]] == places[k];
        let next = own.iter().map(|&(user, _)| user).find(is_next);
        let shared = next.unwrap_or_else(|| {
            *found.entry((&places[k], own)).or_insert_with(|| {
                boxes.push(vec![]);
                boxes.len() - 1
            })
        });
        boxes[shared].push(k);
        for (operand, input) in inputs(k).enumerate() {
            if let (Some(input), true) = (input, by_use) {
                // In a long list none has a place of its own.
                uses[input]
                    .push((shared, if trace.nodes[k].operands.len() > 3 { 0 } else { operand }));
            }
        }
    }
    boxes.iter_mut().for_each(|nodes| nodes.reverse());
    boxes.sort_unstable();
    boxes
}

fn mean(slots: &[usize], place: impl Fn(usize) -> f64) -> Option<f64> {
    let sum: f64 = slots.iter().map(|&s| place(s)).sum();
    (!slots.is_empty()).then(|| sum / slots.len() as f64)
}

/// The numbers closest to `wanted` (least squares) that do not fall from one to the next: wherever
/// they fall, neighbours join a block and take its mean.
fn rising(wanted: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = vec![]; // sum, count
    for &number in wanted {
        let mut block = (number, 1);
        while let Some(&(sum, count)) = blocks.last() {
            if sum / count as f64 <= block.0 / block.1 as f64 {
                break;
            }
            block = (sum + block.0, count + block.1);
            blocks.pop();
        }
        blocks.push(block);
    }
    let flat = |(sum, count): (f64, usize)| std::iter::repeat_n(sum / count as f64, count);
    blocks.into_iter().flat_map(flat).collect()
}
