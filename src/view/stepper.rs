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
//! session.answer("b"); // to the first step back
//! assert!(session.screen(80).contains("dy/dx     nothing yet -> 3"));
//! ```

mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use super::{clip, local, summary};
use crate::tensor::{Compact, Local, Tensor};
use crate::trace::{Contribution, Frame, Operand, Place, Trace, short};

pub use terminal::{Options, run};

const KEYS: &str =
    " n next  p back  f forward  b backward  g N go  w why  ? predict  h help  q quit";

/// In place of the keys while a prediction is awaited.
const ASKING: &str =
    " type the product: all of it, or rounded to two digits or more   n skip  q quit";

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
    Page { trace, index: index.min(trace.frames.len() - 1), width, hidden: false }.text()
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
    /// Whether the product is still to be predicted.
    hidden: bool,
}

impl Page<'_> {
    fn text(&self) -> String {
        let mut lines = vec![self.header(), self.tape()];
        if self.width >= NARROW {
            lines.push(String::new());
            lines.extend(self.neighbours());
        }
        lines.push(String::new());
        lines.extend(self.source());
        lines.push(String::new());
        lines.extend(self.now());
        lines.push(String::new());
        lines.extend(self.gradients());
        let keys = if self.hidden { ASKING } else { KEYS };
        lines.extend([String::new(), keys.to_string()]);
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

    /// The inputs of this node on its left, those who use it on its right.
    fn neighbours(&self) -> Vec<String> {
        let k = self.node();
        let node = &self.trace.nodes[k];
        let active = match self.frame() {
            Frame::Backward(step) => Some(step.operand),
            _ => None,
        };
        let mut inputs: Vec<(String, bool)> = vec![];
        for (i, operand) in node.operands.iter().enumerate() {
            let text = match operand {
                Operand::Node(k) => {
                    format!("{} = {}", self.trace.label(*k), summary(&self.trace.nodes[*k].value))
                }
                Operand::Number(number) => short(*number),
            };
            inputs.push((clip(&text, 30), active == Some(i)));
        }
        let hidden = inputs.len().saturating_sub(6);
        if hidden > 0 {
            // The active one stays visible.
            let first = active.map_or(0, |i| i.saturating_sub(2).min(hidden));
            inputs = inputs[first..first + 6].to_vec();
            inputs.push((format!("and {hidden} more"), false));
        }
        let is_user =
            |node: &&crate::trace::Node| node.used && node.operands.contains(&Operand::Node(k));
        let uses = self.trace.nodes.iter().filter(is_user).count();
        let users: Vec<String> = (k + 1..self.trace.nodes.len())
            .filter(|&user| is_user(&&self.trace.nodes[user]))
            .map(|user| self.trace.label(user))
            .take(3)
            .collect();
        let to = match (users.as_slice(), active) {
            ([], None) => String::new(),
            ([], Some(_)) => "<== 1".to_string(),
            (users, None) => format!("--> {}", users.join(", ")),
            (users, Some(_)) => format!("<== {}", users.join(", ")),
        };
        let more = if uses > users.len() { ", ..." } else { "" };
        let own = format!("[ {} = {} ]{to}{more}", self.trace.label(k), node.operation.name);
        let pad = inputs.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        let middle = inputs.len() / 2;
        if inputs.is_empty() {
            return vec![format!("        {own}")];
        }
        let several = inputs.len() > 1;
        let line = |(i, (text, active)): (usize, &(String, bool))| {
            let arrow = if *active { "<==" } else { "---" };
            let join = if several { "+" } else { "-" };
            let own = if i == middle { format!("--{own}") } else { String::new() };
            format!("        {text:>pad$} {arrow}{join}{own}")
        };
        inputs.iter().enumerate().map(line).collect()
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
        lines.push(format!("        {:<8}  =  {:>15}", self.trace.label(k), exact(&node.value)));
        if !node.varies {
            lines.push("        a constant: nothing will be carried back to it".to_string());
        }
        lines
    }

    fn backward(&self, step: &Contribution) -> Vec<String> {
        let (output, node, input) =
            (self.output(), self.trace.label(step.node), self.trace.label(step.input));
        let formula = self.trace.slope(step).unwrap_or_else(|| format!("d{node}/d{input}"));
        let line = |name: &str, formula: &str, value: &str| {
            format!("        {name:<9} {formula:<22} = {value:>16}")
        };
        let before = step.before.as_ref().map_or("nothing yet".to_string(), exact);
        let factors = match &step.local {
            Local::Scale(c) if step.upstream.shape() == (1, 1) => {
                format!("{} x {}", short(*c), summary(&step.upstream))
            }
            _ => "local x upstream".to_string(),
        };
        let (product, after) = match self.hidden {
            true => ("?".to_string(), "?".to_string()),
            false => (exact(&step.product), exact(&step.after)),
        };
        vec![
            format!(
                " now    back through  {}  to {input}, contribution {} of {}",
                self.title(step.node),
                step.nth,
                step.count
            ),
            line("local", &clip(&formula, 22), &local(&step.local, number)),
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
        let shown = if self.hidden { self.index } else { self.index + 1 };
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
        let room = self.width.saturating_sub(12);
        let length = |entries: &[String]| entries.iter().map(|e| e.chars().count() + 3).sum();
        let all: usize = length(&entries);
        if all > LINES * room {
            entries.drain(..position.saturating_sub(8));
            entries.insert(0, "...".to_string());
        }
        let mut lines = vec![format!(" gradients of {} so far", self.output())];
        let mut line = String::new();
        for entry in entries {
            if !line.is_empty() && line.chars().count() + 3 + entry.chars().count() > room {
                lines.push(format!("        {line}"));
                line.clear();
            }
            if lines.len() == LINES {
                line = "...".to_string();
                break;
            }
            line += &if line.is_empty() { entry } else { format!(" | {entry}") };
        }
        lines.push(format!("        {line}"));
        lines
    }
}

/// A walk through the frames that answers commands.
pub struct Session<'t> {
    trace: &'t Trace,
    index: usize,
    /// Whether the product of this frame is hidden until a number was typed.
    hidden: bool,
    asked: usize,
    right: usize,
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
        Session { trace, index: 0, hidden: false, asked: 0, right: 0 }
    }

    /// The frame as it stands, in lines of at most `width` characters.
    pub fn screen(&self, width: usize) -> String {
        Page { trace: self.trace, index: self.index, width, hidden: self.hidden }.text()
    }

    /// [`sentence`] for the frame as it stands.
    pub fn sentence(&self) -> String {
        match self.hidden {
            true => "What is the product, local times upstream? Type all of it, or rounded to two \
                     digits or more.\n"
                .to_string(),
            false => sentence(self.trace, self.index),
        }
    }

    /// Does what a command says, by its letter or its word: `h` lists them. A number answers what
    /// was asked, or else is the frame to go to.
    pub fn answer(&mut self, command: &str) -> Answer {
        let command = command.trim();
        if self.hidden && command.parse::<f64>().is_ok() {
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
        let first_back = self.trace.frames.iter().position(|f| matches!(f, Frame::Backward(_)));
        let words = |text: &str| Answer::Words(text.to_string());
        let go = match (word, rest) {
            ("" | "n" | "next", "") if self.index == last && !self.hidden => {
                return words("this is the last frame: p goes back, q quits\n");
            }
            ("" | "n" | "next", "") => (self.index + 1).min(last),
            ("p" | "back", "") if self.index == 0 => return words("this is the first frame\n"),
            ("p" | "back", "") => self.index - 1,
            ("f" | "forward", "") => 0,
            ("b" | "backward", "") => first_back.unwrap_or(last),
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
        (self.index, self.hidden) = (go, false);
        Answer::Screen
    }

    /// How many predictions were right; nothing where none was asked for.
    pub fn score(&self) -> String {
        match self.asked {
            0 => String::new(),
            asked => format!("predictions: {} of {asked} right\n", self.right),
        }
    }

    fn step(&self) -> Option<&Contribution> {
        match &self.trace.frames[self.index] {
            Frame::Backward(step) => Some(step),
            _ => None,
        }
    }

    /// Judges what was typed as a prediction; without a number, hides the product and waits for it.
    fn ask(&mut self, typed: &str) -> Answer {
        let Some(step) = self.step() else {
            return Answer::Words("predictions start in the backward pass: press b\n".to_string());
        };
        if step.product.shape() != (1, 1) {
            return Answer::Words("one number can be predicted, not a matrix\n".to_string());
        }
        let Ok(guess) = typed.parse() else {
            self.hidden = true;
            return Answer::Screen;
        };
        let (right, words) = judge(step, typed, guess);
        self.hidden = false;
        self.asked += 1;
        self.right += usize::from(right);
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

/// Holds a prediction against the product, and names the slip where one explains it.
fn judge(step: &Contribution, typed: &str, guess: f64) -> (bool, String) {
    let single = |value: &Tensor| value.get(0, 0);
    let (product, upstream) = (single(&step.product), single(&step.upstream));
    let half = half_a_digit(typed);
    // The last term leaves room for the rounding of f64 itself.
    let is = |truth: f64| guess == truth || (guess - truth).abs() < half + 1e-12 * truth.abs();
    if is(product) {
        return (true, format!("right: {}\n", number(product)));
    }
    let slip = match () {
        () if is(-product) => "the sign is turned around\n",
        () if is(product / upstream) => "that is the local derivative; times upstream is missing\n",
        () if is(upstream) => "that is upstream; times the local derivative is missing\n",
        () if step.before.is_some() && is(single(&step.after)) => {
            "that is the gradient after, with what had come in before\n"
        }
        () => "",
    };
    let gap = number(guess - product);
    (false, format!("it is {}; yours is off by {gap}\n{slip}", number(product)))
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
f  the first forward               b  the first backward
g 12, or 12  frame 12              w  why: the rule that applies
?  hide the product and predict it: type all of it, or round it to two digits
   or more; ? -0.18 does so at once
q  quit
In a line, whole words do, too: next, back, go 12, forward, backward, ...
[ ] this node   --- an edge   <== a gradient is carried back   . not yet
";

/// A number with as many decimals as it needs, ten at most.
fn number(x: f64) -> String {
    let exact = x.to_string();
    if exact.len() <= 12 { exact } else { format!("{:.10}", Compact(x)) }
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
