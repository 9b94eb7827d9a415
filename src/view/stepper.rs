//! One step of a trace at a time, forwards and back again: what is multiplied with what, and why.
//!
//! [`frame`] and [`sentence`] are pure functions from a trace to text. A [`Session`] answers
//! commands with them, and [`run`] connects one with a terminal, a pipe or a file.
//!
//! ```
//! use chainrule::{scalar::Tape, view::stepper::Session};
//! let tape = Tape::new();
//! let x = tape.var(3.0).named("x");
//! let trace = (x * x).named("y").trace();
//! let mut session = Session::new(&trace);
//! session.answer("g 4"); // to the second step back
//! assert!(session.screen(80).contains("dy/dx     nothing yet -> 3"));
//! ```

mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::{Edge, Layout};
use super::{clip, local, summary};
use crate::tensor::{Local, Tensor};
use crate::trace::{Contribution, Frame, Operand, Place, Trace, cut, short};

pub use terminal::{Options, run};

const KEYS: &str =
    " n next  p back  f forward  b backward  g N go  w why  ? predict  h help  q quit";

/// What may be predicted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Question {
    Value,
    Local,
    Product,
}

impl Question {
    fn name(self) -> &'static str {
        ["value", "local derivative", "product"][self as usize]
    }
}

/// Narrower than this, and the picture of the neighbours is left out.
const NARROW: usize = 60;

/// Frame `index` of `trace` (0 for the first) in lines of at most `width` characters: where it
/// stands, the node with its inputs, the learner's line, the numbers, and the gradients so far.
///
/// An index behind the last frame shows the last.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let trace = (tape.var(3.0).named("x") * 2.0).trace();
/// assert!(chainrule::view::stepper::frame(&trace, 1, 80).contains("mul(x, 2)"));
/// ```
pub fn frame(trace: &Trace, index: usize, width: usize) -> String {
    Page { trace, index: index.min(trace.frames.len() - 1), width, hidden: None }.text()
}

/// Frame `index` as plain sentences, for those who listen.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let trace = (tape.var(3.0).named("x") * 2.0).named("y").trace();
/// let said = chainrule::view::stepper::sentence(&trace, 3);
/// assert!(said.contains("2 times 1 is 2"), "{said}");
/// ```
pub fn sentence(trace: &Trace, index: usize) -> String {
    let index = index.min(trace.frames.len() - 1);
    let output = trace.label(trace.nodes.len() - 1);
    let what = match &trace.frames[index] {
        Frame::Forward(k) => {
            let place = trace.nodes[*k].at.start();
            format!(
                "Forward. {} is {}, from {}, on line {} of {}.",
                trace.label(*k),
                exact(&trace.nodes[*k].value),
                trace.formula(*k),
                place.line,
                place.file,
            )
        }
        Frame::Seed(_) => format!("Backward starts. The slope of {output} in itself is 1."),
        Frame::Backward(step) => {
            let (node, input) = (trace.label(step.node), trace.label(step.input));
            let before = step.before.as_ref().map_or("nothing".to_string(), exact);
            let (upstream, product) = (exact(&step.upstream), exact(&step.product));
            let text = local(&step.local, number);
            // Of matrices the local derivative is a map, which is not multiplied with anything.
            let product = match &step.local {
                Local::Scale(_) => {
                    format!("Local times upstream: {text} times {upstream} is {product}.")
                }
                _ => format!("With upstream G = {upstream}, that is {product}."),
            };
            format!(
                "Backward, from {node} to {input}, contribution {} of {}. The local derivative is \
                 {}. {product} The gradient of {input} was {before} and is now {}.",
                step.nth,
                step.count,
                trace.slope_with(step, &text),
                exact(&step.after),
            )
        }
    };
    format!("Frame {} of {}. {what}\n", index + 1, trace.frames.len())
}

/// What a frame needs to be drawn.
struct Page<'t> {
    trace: &'t Trace,
    index: usize,
    width: usize,
    /// What is still to be predicted.
    hidden: Option<Question>,
}

impl Page<'_> {
    fn text(&self) -> String {
        let fit = |line: String| fit(&line, self.width);
        let mut lines = fit(self.header());
        lines.push(self.tape());
        if self.width >= NARROW {
            lines.push(String::new());
            lines.extend(self.graph());
        }
        lines.push(String::new());
        lines.extend(self.source());
        lines.push(String::new());
        lines.extend(self.now().into_iter().flat_map(fit));
        lines.push(String::new());
        lines.extend(self.gradients());
        let keys = self.hidden.map_or(KEYS.to_string(), |asked| {
            let what = asked.name();
            format!(" type the {what}: all of it, or rounded to two digits or more   n skip")
        });
        lines.push(String::new());
        lines.extend(fit(keys));
        let clipped = lines.iter().map(|line| clip(line.trim_end(), self.width));
        clipped.map(|line| line + "\n").collect()
    }

    fn frame(&self) -> &Frame {
        &self.trace.frames[self.index]
    }

    /// The node that this frame is about.
    fn node(&self) -> usize {
        match self.frame() {
            Frame::Forward(k) | Frame::Seed(k) => *k,
            Frame::Backward(step) => step.node,
        }
    }

    fn output(&self) -> String {
        self.trace.label(self.trace.nodes.len() - 1)
    }

    fn header(&self) -> String {
        const BAR: usize = 12;
        let (count, seed) = (self.trace.frames.len(), self.seed());
        let (phase, done) = match self.frame() {
            Frame::Forward(_) => ("FORWARD", BAR * (self.index + 1) / (seed + 1)),
            Frame::Seed(_) => ("SEED", BAR),
            Frame::Backward(_) => {
                ("BACKWARD", BAR + (BAR * (self.index - seed)).div_ceil(count - 1 - seed))
            }
        };
        let part = |from: usize| -> String {
            (from..from + BAR).map(|k| if k < done { '#' } else { '.' }).collect()
        };
        let place = format!(" frame  {} of {count}", self.index + 1);
        format!("{place:<18} {phase:<8}   forward {}|{} backward", part(0), part(BAR))
    }

    fn seed(&self) -> usize {
        self.trace.frames.iter().position(|f| matches!(f, Frame::Seed(_))).unwrap_or(0)
    }

    /// The nodes in their order on the tape, as far as they are computed; this one in brackets.
    fn tape(&self) -> String {
        let reached = match self.frame() {
            Frame::Forward(k) => *k,
            _ => self.trace.nodes.len(),
        };
        let (mut line, mut here) = (String::new(), 0);
        let used = (0..self.trace.nodes.len()).filter(|&k| self.trace.nodes[k].used);
        for k in used {
            line += &match k {
                k if k == self.node() => {
                    here = line.chars().count();
                    format!("[{}] ", self.trace.label(k))
                }
                k if k > reached => ". ".to_string(),
                k => self.trace.label(k) + " ",
            };
        }
        // Of a long tape the part around this node.
        let room = self.width.saturating_sub(10);
        let skip = if line.chars().count() > room { here.saturating_sub(room / 2) } else { 0 };
        let dots = if skip > 0 { "..." } else { "" };
        let shown: String = line.chars().skip(skip).collect();
        format!(" tape   {dots}{}", clip(shown.trim_end(), room.saturating_sub(dots.len())))
    }

    /// The whole graph, where it has few nodes and fits; else this node and its neighbours.
    fn graph(&self) -> Vec<String> {
        const MOST: usize = 12;
        let nodes = &self.trace.nodes;
        let used: Vec<usize> = (0..nodes.len()).filter(|&k| nodes[k].used).collect();
        let whole = (used.len() <= MOST).then(|| self.drawn(&used, false));
        let fits = |line: &String| line.chars().count() <= self.width;
        if let Some(whole) = whole.filter(|lines| lines.iter().all(fits)) {
            return whole;
        }
        // Of many inputs six, the active one among them; of many uses three.
        let operands = &nodes[self.node()].operands;
        let first = self.active().map_or(0, |(_, operand)| operand.saturating_sub(2));
        let first = first.min(operands.len().saturating_sub(6));
        let inputs = operands[first..].iter().take(6).filter_map(|operand| operand.node());
        let is_user = |k: &usize| nodes[*k].operands.contains(&Operand::Node(self.node()));
        let users: Vec<usize> = used.into_iter().filter(is_user).collect();
        let mut near: Vec<usize> = users.iter().copied().take(3).chain([self.node()]).collect();
        near.extend(inputs);
        near.sort_unstable();
        near.dedup();
        let mut lines = self.drawn(&near, true);
        for (count, most, what) in [(operands.len(), 6, "inputs"), (users.len(), 3, "uses")] {
            if count > most {
                lines.push(format!("        and {} more {what}", count - most));
            }
        }
        lines
    }

    /// The node and the operand along which this frame goes back.
    fn active(&self) -> Option<(usize, usize)> {
        match self.frame() {
            Frame::Backward(step) => Some((step.node, step.operand)),
            _ => None,
        }
    }

    /// These nodes, older ones first: inputs on the left, this one in brackets, and what it carries
    /// back along `<==`; with the values of its inputs, or with operations.
    fn drawn(&self, shown: &[usize], values: bool) -> Vec<String> {
        let part = |&k: &usize| {
            let mut node = self.trace.nodes[k].clone();
            for operand in &mut node.operands {
                let place = operand.node().and_then(|input| shown.binary_search(&input).ok());
                *operand = place.map_or(Operand::Number(0.0), Operand::Node);
            }
            node
        };
        let part = Trace { nodes: shown.iter().map(part).collect(), frames: vec![] };
        let layout = Layout::new(&part, |_| 1.0, 1.0);
        let label = |slot: usize| {
            let Some(k) = layout.slots[slot].node().map(|place| shown[place]) else {
                return String::new();
            };
            let node = &self.trace.nodes[k];
            let name = clip(&self.trace.label(k), 14);
            let text = match () {
                _ if k == self.node() && values => format!("{name} = {}", node.operation.name),
                _ if values && k > self.node() => name,
                _ if values => format!("{name} = {}", clip(&summary(&node.value), 14)),
                _ if node.name.is_empty() => format!("{name} {}", node.operation.name),
                _ => name,
            };
            if k == self.node() { format!("[{text}]") } else { format!(" {text} ") }
        };
        let top = layout.slots.iter().map(|slot| slot.across).fold(f64::INFINITY, f64::min);
        let row = |slot: usize| (layout.slots[slot].across - top).round() as usize;
        let rows = (0..layout.slots.len()).map(row).max().map_or(0, |last| last + 1);
        // Each node that edges of a gap end in has a track of its own there to turn in.
        let pieces =
            || layout.edges.iter().flat_map(|edge| edge.path.windows(2).map(move |p| (edge, p)));
        let (mut starts, mut tracks, mut x) = (vec![], vec![0; layout.slots.len()], 8);
        for (layer, slots) in layout.layers.iter().enumerate() {
            starts.push(x);
            let wide = slots.iter().map(|&slot| label(slot).chars().count()).max().unwrap_or(0);
            let turns = pieces().filter(|(_, p)| layout.slots[p[0]].layer == layer);
            let mut ends: Vec<usize> =
                turns.filter(|(_, p)| row(p[0]) != row(p[1])).map(|(_, p)| p[1]).collect();
            ends.sort_by_key(|&slot| row(slot));
            ends.dedup();
            ends.iter().enumerate().for_each(|(i, &slot)| tracks[slot] = x + wide + 1 + 2 * i);
            x += wide + 3 + 2 * ends.len().max(1);
        }
        let mut canvas = vec![vec![' '; x]; rows];
        let is_active = |edge: &Edge| self.active() == Some((shown[edge.node], edge.operand));
        // The active edge last: it lies above the others. And turns above what runs straight on.
        let mut order: Vec<_> = pieces().collect();
        order.sort_by_key(|(edge, _)| is_active(edge));
        for turns in [false, true] {
            for (edge, p) in &order {
                let (from, to) = (row(p[0]), row(p[1]));
                let (start, end) =
                    (starts[layout.slots[p[0]].layer], starts[layout.slots[p[1]].layer]);
                let begin = start + label(p[0]).chars().count();
                let track = if from == to { begin } else { tracks[p[1]] };
                let is_active = is_active(edge);
                if turns && from != to {
                    for line in &mut canvas[from.min(to)..=from.max(to)] {
                        line[track] = '|';
                    }
                    (canvas[from][track], canvas[to][track]) = ('+', '+');
                } else if !turns {
                    let dash = if is_active { '=' } else { '-' };
                    canvas[from][begin..track].fill(dash);
                    canvas[to][track..end].fill(dash);
                    if is_active && layout.slots[p[0]].node().is_some() {
                        canvas[from][begin] = '<';
                    }
                }
            }
        }
        for slot in 0..layout.slots.len() {
            let start = starts[layout.slots[slot].layer];
            for (i, c) in label(slot).chars().enumerate() {
                canvas[row(slot)][start + i] = c;
            }
        }
        let lines = canvas.into_iter().map(|line| line.into_iter().collect::<String>());
        lines.map(|line| line.trim_end().to_string()).collect()
    }

    /// The learner's line, with a mark under the place; only its address where the file is not here.
    /// Of a formula, the stretch underlined.
    fn source(&self) -> Vec<String> {
        let at = &self.trace.nodes[self.node()].at;
        let place = at.start();
        let mut lines = vec![format!(" line   {}:{}", place.file, place.line)];
        if let Place::Text(stretch) = at {
            let [text, marks] = stretch.underlined();
            lines.push(format!("  {:>5} | {text}", place.line));
            lines.push(format!("        | {marks}"));
            return lines;
        }
        let Some(text) = find(&place.file).and_then(|path| fs::read_to_string(path).ok()) else {
            return lines;
        };
        let number = place.line;
        for (k, line) in text.lines().enumerate().take(number).skip(number.saturating_sub(2)) {
            lines.push(format!("  {:>5} | {}", k + 1, line.replace('\t', " ")));
        }
        lines.push(format!("        | {:>column$}", '^', column = place.column));
        lines
    }

    fn now(&self) -> Vec<String> {
        match self.frame() {
            Frame::Forward(k) => self.forward(*k),
            Frame::Seed(_) => vec![
                format!(" now    the backward pass starts at {}", self.output()),
                format!("        d{0}/d{0} = 1: a number grows as fast as itself", self.output()),
            ],
            Frame::Backward(step) => self.backward(step),
        }
    }

    fn forward(&self, k: usize) -> Vec<String> {
        let node = &self.trace.nodes[k];
        let mut lines = vec![format!(" now    {}", self.title(k))];
        for operand in node.operands.iter().take(6) {
            if let Operand::Node(input) = operand {
                let value = exact(&self.trace.nodes[*input].value);
                lines.push(format!("        {:<8}  =  {value:>15}", self.trace.label(*input)));
            }
        }
        let value = self.hidden.map_or_else(|| exact(&node.value), |_| "?".to_string());
        lines.push(format!("        {:<8}  =  {value:>15}", self.trace.label(k)));
        if !node.varies {
            lines.push("        a constant: nothing will be carried back to it".to_string());
        }
        lines
    }

    fn backward(&self, step: &Contribution) -> Vec<String> {
        let (output, node, input) =
            (self.output(), self.trace.label(step.node), self.trace.label(step.input));
        let is_asked = |question| self.hidden == Some(question);
        let formula = self.trace.slope(step).filter(|_| !is_asked(Question::Local));
        let formula = formula.unwrap_or_else(|| format!("d{node}/d{input}"));
        let line = |name: &str, formula: &str, value: &str| {
            format!("        {name:<9} {formula:<22} = {value:>16}")
        };
        let before = step.before.as_ref().map_or("nothing yet".to_string(), exact);
        let factors = match &step.local {
            Local::Scale(c) if step.upstream.shape() == (1, 1) && !is_asked(Question::Local) => {
                format!("{} x {}", short(*c), summary(&step.upstream))
            }
            _ => "local x upstream".to_string(),
        };
        let or_asked = |hides: bool, text: String| if hides { "?".to_string() } else { text };
        let hidden = self.hidden.is_some();
        let (product, after) =
            (or_asked(hidden, exact(&step.product)), or_asked(hidden, exact(&step.after)));
        let slope = or_asked(is_asked(Question::Local), local(&step.local, number));
        vec![
            format!(
                " now    back through  {}  to {input}, contribution {} of {}",
                self.title(step.node),
                step.nth,
                step.count
            ),
            line("local", &clip(&formula, 22), &slope),
            line("upstream", &format!("d{output}/d{node}"), &exact(&step.upstream)),
            line("product", &clip(&factors, 22), &product),
            format!("        {:<9} {before} -> {after}", format!("d{output}/d{input}")),
        ]
    }

    /// `#9  a = sigmoid(z)`
    fn title(&self, k: usize) -> String {
        let formula = clip(&self.trace.formula(k), 50);
        match self.trace.nodes[k].name.as_str() {
            "" => format!("#{k} = {formula}"),
            name => format!("#{k}  {} = {formula}", clip(name, 16)),
        }
    }

    /// The gradients of all nodes that take one, newest first; `.` where none has come in yet. Of
    /// many those around this frame's.
    fn gradients(&self) -> Vec<String> {
        const LINES: usize = 4;
        let shown = self.index + usize::from(self.hidden.is_none());
        let here = match self.frame() {
            Frame::Backward(step) => step.input,
            _ => self.node(),
        };
        let (mut entries, mut position) = (vec![], 0);
        for (k, gradient) in self.trace.gradients(shown).iter().enumerate().rev() {
            let node = &self.trace.nodes[k];
            if node.used && node.varies {
                position = if k == here { entries.len() } else { position };
                let gradient = gradient.as_ref().map_or(".".to_string(), summary);
                entries.push(format!("{} {gradient}", self.trace.label(k)));
            }
        }
        let text = |entries: &[String]| fit(&format!("        {}", entries.join("  ")), self.width);
        let mut lines = text(&entries);
        if lines.len() > LINES {
            entries.drain(..position.saturating_sub(8));
            lines = text(&[vec!["...".to_string()], entries].concat());
        }
        if lines.len() > LINES {
            lines.truncate(LINES - 1);
            lines.push("        ...".to_string());
        }
        lines.insert(0, format!(" gradients of {} so far", self.output()));
        lines
    }
}

/// A walk through the frames that answers commands.
pub struct Session<'t> {
    trace: &'t Trace,
    index: usize,
    /// What of this frame is hidden until a number was typed.
    hidden: Option<Question>,
    /// For each kind of question, how often the answer was right, and how often one was given.
    score: [[usize; 2]; 3],
}

/// What a command leads to.
pub enum Answer {
    /// Another frame, or the same with its product hidden or shown: look at the screen.
    Screen,
    /// Some words; the frame stays.
    Words(String),
    /// The end, and the last words.
    Quit(String),
}

impl<'t> Session<'t> {
    /// At the first frame.
    pub fn new(trace: &'t Trace) -> Session<'t> {
        Session { trace, index: 0, hidden: None, score: [[0; 2]; 3] }
    }

    /// The frame as it stands, in lines of at most `width` characters.
    pub fn screen(&self, width: usize) -> String {
        Page { trace: self.trace, index: self.index, width, hidden: self.hidden }.text()
    }

    /// [`sentence`] for the frame as it stands.
    pub fn sentence(&self) -> String {
        match self.hidden {
            Some(asked) => format!(
                "What is the {}? Type all of it, or rounded to two digits or more.\n",
                asked.name()
            ),
            None => sentence(self.trace, self.index),
        }
    }

    /// Does what a command says, by its letter or its word: `h` lists them. A number answers what
    /// was asked, or else is the frame to go to.
    pub fn answer(&mut self, command: &str) -> Answer {
        let command = command.trim();
        if self.hidden.is_some() && command.parse::<f64>().is_ok() {
            return self.ask(command);
        }
        let lower = command.to_lowercase();
        // What follows a word may stand next to it: g12, ?-0.18.
        let end = lower.find(|c: char| !c.is_alphabetic() && c != '?').unwrap_or(lower.len());
        let (word, rest) = match lower.split_at(end) {
            ("", number) if number.parse::<f64>().is_ok() => ("g", number),
            (word, rest) => (word, rest.trim()),
        };
        let last = self.trace.frames.len() - 1;
        let seed = self.trace.frames.iter().position(|f| matches!(f, Frame::Seed(_)));
        let words = |text: &str| Answer::Words(text.to_string());
        let go = match (word, rest) {
            ("" | "n" | "next", "") if self.index == last && self.hidden.is_none() => {
                return words("this is the last frame: p goes back, q quits\n");
            }
            ("" | "n" | "next", "") => (self.index + 1).min(last),
            ("p" | "back", "") if self.index == 0 => return words("this is the first frame\n"),
            ("p" | "back", "") => self.index - 1,
            ("f" | "forward", "") => 0,
            ("b" | "backward", "") => seed.unwrap_or(last),
            ("g" | "go", number) => match number.parse::<usize>() {
                Ok(number) if (1..=last + 1).contains(&number) => number - 1,
                _ => {
                    return Answer::Words(format!(
                        "g needs a frame from 1 to {}; a prediction needs ? before it\n",
                        last + 1
                    ));
                }
            },
            ("w" | "why", "") => return Answer::Words(self.why()),
            ("h" | "help", "") => return words(HELP),
            ("q" | "quit", "") => return Answer::Quit(self.score()),
            ("?" | "predict", typed) => return self.ask(typed),
            _ => return Answer::Words(format!("no command `{}`\n{KEYS}\n", clip(command, 60))),
        };
        (self.index, self.hidden) = (go, None);
        Answer::Screen
    }

    /// How many predictions of each kind were right; nothing where none was asked for.
    pub fn score(&self) -> String {
        let kinds = [Question::Value, Question::Local, Question::Product].into_iter();
        let asked = kinds.filter(|&kind| self.score[kind as usize][1] > 0).map(|kind| {
            let [right, asked] = self.score[kind as usize];
            format!("{} {right} of {asked}", kind.name())
        });
        let text = asked.collect::<Vec<_>>().join(", ");
        if text.is_empty() { text } else { format!("predictions right: {text}\n") }
    }

    fn step(&self) -> Option<&Contribution> {
        match &self.trace.frames[self.index] {
            Frame::Backward(step) => Some(step),
            _ => None,
        }
    }

    /// Judges what was typed as a prediction; without a number, hides what is asked for and waits
    /// for it: in turn the product and the local derivative, or the value.
    fn ask(&mut self, typed: &str) -> Answer {
        let words = |text: &str| Answer::Words(text.to_string());
        let (asked, truth) = match &self.trace.frames[self.index] {
            Frame::Seed(_) => return words("the seed is 1, whatever was computed: press n\n"),
            Frame::Forward(k) if self.trace.nodes[*k].operands.is_empty() => {
                return words("an input is given, not computed: press n\n");
            }
            Frame::Forward(k) => (Question::Value, &self.trace.nodes[*k].value),
            Frame::Backward(step) => match self.hidden {
                Some(Question::Product) if typed.is_empty() => (Question::Local, &step.product),
                Some(Question::Local) if !typed.is_empty() => (Question::Local, &step.product),
                _ => (Question::Product, &step.product),
            },
        };
        if truth.shape() != (1, 1) {
            return words("one number can be predicted, not a matrix\n");
        }
        let Ok(guess) = typed.parse() else {
            self.hidden = Some(asked);
            return Answer::Screen;
        };
        let (right, words) = judge(asked, truth.get(0, 0), self.step(), typed, guess);
        self.hidden = None;
        let [was_right, was_asked] = &mut self.score[asked as usize];
        (*was_right, *was_asked) = (*was_right + usize::from(right), *was_asked + 1);
        Answer::Words(words)
    }

    /// The rule that this frame follows, by its name.
    fn why(&self) -> String {
        let Some(step) = self.step() else {
            return match &self.trace.frames[self.index] {
                Frame::Seed(_) => "The output moves by 1 when it is moved by 1: the seed.\n",
                _ => {
                    "Forward computes each value from older ones, and notes the local\n\
                     derivatives while it has both input and output at hand.\n"
                }
            }
            .to_string();
        };
        let rule = match self.trace.nodes[step.node].operation.rule().unwrap_or_default() {
            "" => "Each operand gets the upstream gradient times its local derivative.",
            "add" => "Addition distributes: each operand gets the upstream gradient as it is.",
            "sub" => "A difference distributes, to the second operand with the sign turned.",
            "mul" => "Multiplication swaps: each operand gets upstream times the other one.",
            "dot" => "A dot product is multiplications, added up: each factor gets its partner.",
            "matmul" => "A matrix product swaps, too: dA = G Bt and dB = At G.",
            "max" | "min" => "Max and min route: the chosen operand gets all, the other nothing.",
            "sum" => "A sum distributes: each term gets the upstream gradient as it is.",
            "broadcast" => "What was repeated was used several times: its gradients add up.",
            "t" => "A transpose only moves entries, and so does the backward pass.",
            _ => "A function of one variable: upstream times its slope at this input.",
        };
        let sum = match step.count {
            1 => String::new(),
            count => format!(
                "{} is used {count} times, so {count} contributions add up.\n",
                self.trace.label(step.input)
            ),
        };
        format!(
            "{rule}\nThe chain rule: slope of the whole = local slope x slope of the rest.\n{sum}"
        )
    }
}

/// Holds a prediction against the value or, in a step back, against the local derivative or the
/// product, and names the slip where one explains it.
fn judge(
    asked: Question,
    number_shown: f64,
    step: Option<&Contribution>,
    typed: &str,
    guess: f64,
) -> (bool, String) {
    let single = |value: &Tensor| value.get(0, 0);
    let upstream = step.map_or(f64::NAN, |step| single(&step.upstream));
    let slope = step.map_or(f64::NAN, |step| match &step.local {
        Local::Scale(c) => *c,
        Local::Elementwise(d) if d.shape() == (1, 1) => single(d),
        _ => number_shown / upstream,
    });
    let truth = if asked == Question::Local { slope } else { number_shown };
    let half = half_a_digit(typed);
    // The last term leaves room for the rounding of f64 itself.
    let is = |truth: f64| guess == truth || (guess - truth).abs() < half + 1e-12 * truth.abs();
    if is(truth) {
        return (true, format!("right: {}\n", number(truth)));
    }
    let after = step.filter(|step| step.before.is_some()).map(|step| single(&step.after));
    let slip = match asked {
        _ if is(-truth) => "the sign is turned around\n",
        Question::Local if is(number_shown) => "that is the product; upstream was not asked for\n",
        Question::Product if is(slope) => {
            "that is the local derivative; times upstream is missing\n"
        }
        Question::Product if is(upstream) => {
            "that is upstream; times the local derivative is missing\n"
        }
        Question::Product if after.is_some_and(is) => {
            "that is the gradient after, with what had come in before\n"
        }
        _ => "",
    };
    let gap = number(guess - truth);
    (false, format!("it is {}; yours is off by {gap}\n{slip}", number(truth)))
}

/// How far a number may be from the one that was typed, to be rounded to it: half a unit of the
/// last digit; 0 where fewer than two significant digits were typed.
fn half_a_digit(typed: &str) -> f64 {
    let (digits, exponent) = typed.split_once(['e', 'E']).unwrap_or((typed, "0"));
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let significant = digits.trim_start_matches(['+', '-', '0', '.']).replace('.', "").len();
    let exponent: f64 = exponent.parse().unwrap_or(0.0);
    if significant < 2 { 0.0 } else { 0.5 * 10_f64.powf(exponent - decimals as f64) }
}

const HELP: &str = "\
n, Enter  the next frame           p  the one before
f, Home  the first forward         b  the seed, where backward begins
g 12, or 12  frame 12              End  the last frame
w  why: the rule that applies
?  predict: forward the value, backward the product, and with another ? the
   local derivative; type all of it, or round it to two digits or more
q  quit
In a line, whole words do, too: next, back, go 12, forward, backward, ...
[ ] this node   --- an edge   <== a gradient is carried back   . not yet
";

/// The line, or as many as it takes, with its indentation: broken where two spaces are, or else
/// between words.
fn fit(line: &str, width: usize) -> Vec<String> {
    let count = |text: &str| text.chars().count();
    if count(line) <= width {
        return vec![line.to_string()];
    }
    let indent = &line[..line.len() - line.trim_start().len()];
    let (mut lines, mut last) = (vec![], indent.to_string());
    for group in line.split("  ").map(str::trim).filter(|group| !group.is_empty()) {
        let words = if count(indent) + count(group) > width { " " } else { "  " };
        for (i, word) in group.split(words).enumerate() {
            let gap = if last == indent { "" } else { ["  ", " "][i.min(1)] };
            if !gap.is_empty() && count(&last) + count(gap) + count(word) > width {
                lines.push(std::mem::replace(&mut last, format!("{indent}{word}")));
            } else {
                last += &format!("{gap}{word}");
            }
        }
    }
    lines.push(last);
    lines
}

/// A number with as many decimals as it needs, ten at most.
fn number(x: f64) -> String {
    cut(x, 10)
}

/// A number with ten decimals; of a matrix its summary.
fn exact(value: &Tensor) -> String {
    match value.shape() {
        (1, 1) => number(value.get(0, 0)),
        _ => summary(value),
    }
}

/// A source file as its location names it: from here, or from the project's folder.
pub(super) fn find(file: &str) -> Option<PathBuf> {
    let here = PathBuf::from(file);
    let there = || Some(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR")?).join(file));
    [Some(here), there()].into_iter().flatten().find(|path| path.is_file())
}
