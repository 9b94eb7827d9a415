//! What can be wrong with a formula, told in the form of every [`Error`]: with the line as it should
//! be, where that is known.

use std::ops::Range;

use super::parse::{Code, Parser, blank, digits, in_a_name};
use super::{Formula, Instruction, Meaning, Name};
use crate::activation;
use crate::error::{Error, Source, brief, list, nearest};

/// What happened, with `{}` for the part of the text; and why that is a fault.
pub(super) struct Fault(&'static str, &'static str);

macro_rules! faults {
    ($($name:ident: $what:literal, $why:literal;)*) => {
        $(pub(super) const $name: Fault = Fault($what, $why);)*
    };
}
faults! {
    EMPTY: "the formula is empty", "a formula says how a number is computed from others";
    NUMBER: "`{}` cannot be read as a number", "numbers are written 2, 0.5 or 1e-3, up to 1.8e308";
    VALUE: "a value is missing before {}", "operators and brackets need one; only - may go before";
    DOUBLE_STAR: "`**` is not an operator", "a power is written with ^";
    OPERATOR: "an operator is missing before `{}`", "a product is written with *: 2*x, x*(y + 1)";
    NOT_A_FUNCTION: "`{}` is a name, not a function", "a product is written with *: 2*x, x*(y + 1)";
    FUNCTION: "there is no function `{}`", "a formula is made of functions whose slopes are known";
    BARE: "`{}` is a function, and needs parentheses", "they show how far its argument goes";
    TAKEN: "`{}` is a function, and cannot be defined anew", "a name has one meaning";
    COUNT: "wrong number of arguments: `{}`", "arguments have commas between them, numbers a point";
    POINT: "a comma is not a decimal point", "commas stand between the arguments of a function";
    STRAY_COMMA: "a comma stands outside a list of arguments", "lines are separated by ;";
    SECOND_EQUALS: "there is a second = in this line", "a line gives one value one name";
    NOT_A_NAME: "`{}` is not a name", "left of = stands the name for what is computed on its right";
    SIGN: "`{}` has no meaning here", "the operators are + - * / ^; names have letters, digits, _";
    NESTED_BARS: "bars stand inside bars", "one that opens looks like one that closes";
    NOT_CLOSED: "this bracket is never closed", "brackets come in pairs";
    NOT_OPENED: "this bracket was never opened", "brackets come in pairs";
    DEFINED_TWICE: "`{}` has a meaning already", "a name has one meaning";
    DEFINED_LATE: "`{}` is used before it is defined", "each line is computed from those above it";
    UNKNOWN: "the formula has no variable `{}`", "only what it depends on can have a value";
    LOG: "`log` is the natural logarithm", "mathematics writes ln, programs log";
    UNUSED: "nothing uses `{}`", "the output is the value of the last line";
    NO_VARIABLE: "the formula has no variable", "a gradient says how the output changes with one";
    LIST: "the output is a list", "a gradient says how one number changes";
    NO_LIST: "`{}` is one number, not a list", "sum and mean add up the values for all examples";
    VARIES: "the parameter in `{}` is not a plain number", "a slope is known in the first one only";
}

const FUNCTIONS: &str = "use exp, ln, sqrt, sin, cos, tanh, sigmoid, softplus, relu, max, min, ...";
pub(super) const EXAMPLE: &str = "L = -ln(sigmoid(w*x + b))";
pub(super) const SUPERSCRIPTS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ";
const PLAIN: &str = "0123456789-n";

/// Characters that people type, and what to write for each.
const SPELLINGS: [(&str, &str); 8] = [
    ("·×⋅∙•∗", "*"),
    ("−–—‐", "-"),
    ("÷∕⁄", "/"),
    ("[{", "("),
    ("]}", ")"),
    ("；", ";"),
    ("＝", "="),
    ("“”„\"‘’'`\\$", ""),
];

/// Functions that a formula has not, by those that it has.
const OTHERS: [(&str, &str); 8] = [
    ("asin", "atan(@/sqrt(1 - @^2))"),
    ("acos", "(pi/2 - atan(@/sqrt(1 - @^2)))"),
    ("asinh", "ln(@ + sqrt(@^2 + 1))"),
    ("acosh", "ln(@ + sqrt(@^2 - 1))"),
    ("atanh", "(ln((1 + @)/(1 - @))/2)"),
    ("sec", "(1/cos(@))"),
    ("csc", "(1/sin(@))"),
    ("cot", "(1/tan(@))"),
];

/// `arcsin` of an argument in parentheses, and the like, by the functions of a formula.
fn other(name: &str, argument: &str) -> Option<String> {
    let name = name.to_lowercase();
    let inverse =
        name.strip_prefix("arc").or(name.strip_prefix("ar")).map(|name| format!("a{name}"));
    let name = inverse.unwrap_or(name);
    let (_, call) = OTHERS.iter().find(|(other, _)| *other == name)?;
    let inside = argument.trim_start_matches('(').trim_end_matches(')');
    Some(call.replace('@', if inside.chars().all(in_a_name) { inside } else { argument }))
}

impl Source {
    /// The error at this byte, which another text in place of `range` fixes.
    fn fault(&self, fault: Fault, of: &str, at: usize, range: Range<usize>, text: &str) -> Error {
        let Fault(what, why) = fault;
        let lines = self.line(range.start).start..self.line(range.end).end;
        let before = &self.text[lines.start..range.start];
        let line = [before, text, &self.text[range.end..lines.end]].concat();
        let hint = match line.trim() {
            "" => "leave this out".to_string(),
            line if line.chars().count() <= 68 && !line.contains('\n') => format!("write {line}"),
            _ if text.is_empty() => "leave this out".to_string(),
            _ => format!("put {} there", brief(text)),
        };
        let error = Error::new(what.replace("{}", &brief(of)), [], why, hint);
        error.at_place(self.place(at))
    }

    /// Where the bracket that opens at this byte ends; else the text.
    fn group(&self, at: usize) -> usize {
        let mut depth = 0;
        let close = end_of(&self.text, at, |c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        self.text.len().min(close + 1)
    }

    /// The call that was meant by the name of a function that ends here, and where that ends:
    /// `sin^2(x)` is `sin(x)^2`.
    fn call(&self, name: &str, end: usize) -> (String, usize) {
        let caret = self.text[end..].starts_with('^');
        let power = |c: char| SUPERSCRIPTS.contains(c) || caret && "^0123456789".contains(c);
        let inverse = ["⁻¹", "^-1", "^{-1}", "^(-1)"];
        let inverse = inverse.iter().find(|power| self.text[end..].starts_with(**power));
        let raised = match inverse {
            Some(power) => end + power.len(),
            None => end_of(&self.text, end, |c| !power(c)),
        };
        let start = blank(&self.text, raised);
        let inner = start + usize::from(self.text[start..].starts_with('-'));
        let end_of_argument = match self.text[inner..].chars().next() {
            Some('(') => self.group(inner),
            Some('|') => end_of(&self.text, inner + 1, |c| c == '|').min(self.text.len() - 1) + 1,
            _ => end_of(&self.text, inner, |c| !in_a_name(c) && c != '.'),
        };
        let argument = match &self.text[start..end_of_argument] {
            "" => "(x)".to_string(),
            argument if argument.starts_with('(') => argument.to_string(),
            argument => format!("({argument})"),
        };
        let inverted = format!("a{name}");
        let known = activation::named(&inverted, None).map(|_| format!("{inverted}{argument}"));
        if let (Some(call), Some(_)) = (other(&inverted, &argument).or(known), inverse) {
            return (call, end_of_argument);
        }
        (format!("{name}{argument}{}", plain(&self.text[end..raised])), end_of_argument)
    }
}

/// The first byte from here on of a character that ends something.
fn end_of(text: &str, at: usize, ends: impl FnMut(char) -> bool) -> usize {
    text[at..].find(ends).map_or(text.len(), |k| at + k)
}

/// The text without characters that people type and a formula has not: `2*x^2` for `2·x²`.
fn plain(text: &str) -> String {
    let (mut plain, mut raised) = (String::new(), None);
    for c in text.chars() {
        let digit = SUPERSCRIPTS.chars().position(|superscript| superscript == c);
        match (digit, SPELLINGS.iter().find(|(signs, _)| signs.contains(c))) {
            (Some(k), _) if raised.is_some() => plain += &PLAIN[k..=k],
            (Some(k), _) => plain += &format!("^{}", &PLAIN[k..=k]),
            (None, Some((_, spelling))) => plain += spelling,
            (None, None) => plain.push(c),
        }
        raised = digit;
    }
    plain
}

impl Parser<'_> {
    /// The error where `range` begins, blanks aside, which another text in its place fixes.
    pub fn fault(&self, fault: Fault, of: &str, range: Range<usize>, text: &str) -> Error {
        self.source.fault(fault, of, blank(self.text, range.start), range, text)
    }

    /// The text of the token in hand.
    fn shown(&self) -> &str {
        &self.text[self.token.clone()]
    }

    pub fn no_number(&self) -> Error {
        let second = self.shown().match_indices('.').nth(1);
        let mended = second.map_or("1e308", |(point, _)| &self.shown()[..point]);
        self.fault(NUMBER, self.shown(), self.token.clone(), mended)
    }

    pub fn no_operand(&self, token: Option<char>) -> Error {
        let Range { start, end } = self.token;
        match token {
            Some('*') if self.text[..start].ends_with('*') => {
                self.fault(DOUBLE_STAR, "", start - 1..end, "^")
            }
            Some('+' | '*' | '/' | '^' | '=') => {
                self.fault(VALUE, self.shown(), start..blank(self.text, end), "")
            }
            Some(sign) if !matches!(sign, ')' | ',' | ';' | '\n') => self.unknown_sign(sign),
            _ => {
                let at = self.before.min(start);
                let of = if self.shown().trim().is_empty() { "the end" } else { self.shown() };
                let close = self.text[..at].ends_with(['(', '^']);
                self.source.fault(VALUE, of, at, at..at, if close { "x" } else { " x" })
            }
        }
    }

    pub fn no_operator(&self) -> Error {
        let start = self.token.start;
        // A bracket of an earlier line may have swallowed the end of that.
        match self.opened.last() {
            Some(&at) if self.text[at..start].contains('\n') => self.never_closed(),
            _ => self.fault(OPERATOR, self.shown(), self.before..start, "*"),
        }
    }

    /// `name(…)`, where no function has this name.
    pub fn no_function(&self) -> Error {
        let Range { start, end } = self.token;
        let open = blank(self.text, end);
        let close = self.source.group(open);
        if self.text[blank(self.text, close)..].starts_with('=') {
            return self.fault(NOT_A_NAME, &self.text[start..close], start..close, self.shown());
        }
        let lower = self.shown().to_lowercase();
        let base = lower.strip_prefix("log").map(|base| base.trim_start_matches('_'));
        if let Some(base) = base.filter(|base| digits(base) > 0) {
            let call = format!("(ln{}/ln({base}))", &self.text[open..close]);
            return self.fault(FUNCTION, self.shown(), start..close, &call);
        }
        if let Some(call) = other(&lower, &self.text[open..close]) {
            return self.fault(FUNCTION, self.shown(), start..close, &call);
        }
        let all: Vec<&str> = self.functions.iter().map(|(name, _)| *name).collect();
        let meant = match lower.as_str() {
            "swish" => Some("silu"),
            "gelu" => Some("gelu_tanh"),
            "logistic" => Some("sigmoid"),
            _ => nearest(&all, &lower),
        };
        let known = self.known.contains_key(self.shown());
        match meant.filter(|_| !known) {
            // A word is meant as a function, a letter as a factor.
            None if !known && self.shown().chars().count() > 2 => Error {
                hint: FUNCTIONS.to_string(),
                ..self.fault(FUNCTION, self.shown(), start..end, "")
            },
            Some(meant) => self.fault(FUNCTION, self.shown(), start..end, meant),
            None => {
                self.fault(NOT_A_FUNCTION, self.shown(), start..open, &format!("{}*", self.shown()))
            }
        }
    }

    /// The name of a function, and no parenthesis.
    pub fn no_parentheses(&self, defined: bool) -> Error {
        let Range { start, end } = self.token;
        let (call, call_end) = self.source.call(self.shown(), end);
        match defined {
            true => self.fault(TAKEN, self.shown(), start..end, &format!("my_{}", self.shown())),
            false => self.fault(BARE, self.shown(), start..call_end, &call),
        }
    }

    pub fn wrong_count(&self, name: &str, start: usize, commas: &[usize]) -> Error {
        let Range { start: close, end } = self.token;
        let usual = self.functions.iter().find(|(known, _)| *known == name).and_then(|f| f.1);
        let (range, text) = match (commas.last(), usual) {
            (Some(&comma), _) if self.decimal(comma) => (comma..comma + 1, ".".to_string()),
            (None, Some(usual)) => (close..close, format!(", {usual}")),
            (comma, _) => (comma.copied().unwrap_or(close)..close, String::new()),
        };
        self.source.fault(COUNT, &self.text[start..end], start, range, &text)
    }

    /// Whether a comma stands between two digits.
    fn decimal(&self, comma: usize) -> bool {
        let before = self.text[..comma].chars().next_back();
        before.is_some_and(|c| c.is_ascii_digit()) && digits(&self.text[comma + 1..]) > 0
    }

    pub fn stray_comma(&self) -> Error {
        let comma = self.token.clone();
        if self.decimal(comma.start) {
            let rest = &self.text[comma.end..];
            let thousands = rest[digits(rest)..].starts_with('.'); // 1,000.5
            return self.fault(POINT, "", comma, if thousands { "" } else { "." });
        }
        let error = self.fault(STRAY_COMMA, "", comma, ";");
        match self.opened.is_empty() {
            true => error,
            false => Error { hint: "keep one value in these brackets".to_string(), ..error },
        }
    }

    pub fn stray_equals(&self) -> Error {
        let at = self.token.start;
        let start = blank(self.text, self.line);
        let left = self.text[start..at].trim_end();
        match &self.defines {
            _ if left.contains('\n') => self.no_operator(),
            None => self.fault(NOT_A_NAME, left, start..start + left.len(), "y"),
            Some(_) => {
                let second = self.text[..at].rfind('=').map_or(start, |k| blank(self.text, k + 1));
                self.source.fault(SECOND_EQUALS, "", at, start..second, "")
            }
        }
    }

    pub fn unknown_sign(&self, sign: char) -> Error {
        let Range { start, end } = self.token;
        let line = end_of(self.text, start, |c| matches!(c, '\n' | '#'));
        // x_{1} and x[1] are x_1.
        let index = end_of(self.text, end, |c| !in_a_name(c));
        let closed = self.text[index..].starts_with([']', '}']) && index > end;
        let (text, end) = match sign {
            '[' | '{' if closed && self.text[..start].ends_with(in_a_name) => {
                let low = if self.text[..start].ends_with('_') { "" } else { "_" };
                (format!("{low}{}", &self.text[end..index]), index + 1)
            }
            '√' => self.source.call("sqrt", end),
            _ if plain(self.shown()) != self.shown() => (plain(&self.text[start..line]), line),
            _ => (String::new(), end),
        };
        let mut error = self.fault(SIGN, self.shown(), start..end, &text);
        if "<>≤≥".contains(sign) {
            error.hint = "choose with max, min or relu; nothing compares".to_string();
        } else if "!%&@?~:".contains(sign) {
            error.hint = "say it with + - * / ^ and functions".to_string();
        }
        error
    }

    pub fn nested_bars(&self) -> Error {
        let Range { start, end } = self.token;
        let close = end_of(self.text, end, |c| c == '|');
        let call = format!("abs({})", &self.text[end..close]);
        self.fault(NESTED_BARS, "", start..self.text.len().min(close + 1), &call)
    }

    /// The line ends, or a bracket of the other kind closes.
    pub fn never_closed(&self) -> Error {
        let at = self.opened.last().copied().unwrap_or(0);
        let end = end_of(self.text, at, |c| matches!(c, ';' | '\n' | '#')).min(self.before);
        let end = self.text[..end].trim_end().len();
        let missing = if self.in_bars() { "|" } else { ")" };
        self.source.fault(NOT_CLOSED, "", at, end..end, missing)
    }

    pub fn stray_bracket(&self, sign: char) -> Error {
        let bars = self.opened.iter().any(|&at| self.text[at..].starts_with('|'));
        match sign {
            '|' if !bars => self.no_operator(),
            ')' if self.opened.is_empty() => self.fault(NOT_OPENED, "", self.token.clone(), ""),
            _ => self.never_closed(),
        }
    }

    /// A definition of what has a meaning already.
    pub fn defined_too_late(&self, known: usize, name: Range<usize>) -> Error {
        let word = &self.text[name.clone()];
        let Name { meaning, first, .. } = &self.formula.names[known];
        let first = first.as_ref().map_or(usize::MAX, |first| first.bytes.start);
        if *meaning == Meaning::Defined || first >= self.line {
            return self.fault(DEFINED_TWICE, word, name, &format!("{word}2"));
        }
        let line = self.text[self.line..self.token.start].trim();
        let hint = format!("move this line above the first use: {}", brief(line));
        Error { hint, ..self.fault(DEFINED_LATE, word, first..first, "") }
    }

    /// In a formula that is to have the names of another one only.
    pub fn unknown_name(&self) -> Error {
        let (facts, meant) = self.formula.nearest_name(self.shown());
        let error = self.fault(UNKNOWN, self.shown(), self.token.clone(), &meant);
        Error { facts, ..error }
    }

    /// Once; there are no other warnings before the end of the text.
    pub fn warn_of_log(&mut self) {
        if self.formula.warnings.is_empty() {
            self.formula.warnings.push(self.fault(LOG, "", self.token.clone(), "ln"));
        }
    }

    /// The first line whose value nothing needs, of the code from here on.
    pub fn warn_of_unused(&mut self, code: usize) {
        let lines = &self.formula.code[code..self.formula.code.len() - 1];
        let unused = lines.iter().find(|line| match line.code {
            Code::Line(Some(k)) => !self.formula.names[k].used,
            Code::Line(None) => true,
            _ => false,
        });
        let Some(Range { start, end }) = unused.map(|line| line.at.bytes.clone()) else { return };
        let start = self.text[..start].rfind([';', '\n']).map_or(0, |k| k + 1);
        let start = blank(self.text, start);
        let all = end_of(self.text, end, |c| matches!(c, ';' | '\n'));
        let all = all + usize::from(self.text[all..].starts_with(';'));
        self.formula.warnings.push(self.fault(UNUSED, &self.text[start..end], start..all, ""));
    }
}

impl Formula {
    /// The error at an instruction, or at the last line.
    fn fault(
        &self,
        fault: Fault,
        at: Option<&Instruction>,
        mend: impl Fn(&str) -> String,
    ) -> Error {
        let Some(Instruction { at, .. }) = at.or(self.code.last()) else {
            return Source::default().fault(EMPTY, "", 0, 0..0, EXAMPLE);
        };
        let text = &at.source.text[at.bytes.clone()];
        at.source.fault(fault, text, at.bytes.start, at.bytes.clone(), &mend(text))
    }

    pub(super) fn no_variable(&self) -> Error {
        self.fault(NO_VARIABLE, None, |line| format!("{line} + x"))
    }

    pub(super) fn output_is_a_list(&self) -> Error {
        self.fault(LIST, None, |line| format!("mean({line})"))
    }

    pub(super) fn sum_of_a_number(&self, call: &Instruction) -> Error {
        let length = |name: &Name| match &name.meaning {
            Meaning::List(list) => Some(list.len()),
            _ => None,
        };
        let count = self.names.iter().find_map(length);
        // It is counted once for each example.
        self.fault(NO_LIST, Some(call), |call| {
            let times = count.filter(|_| call.starts_with("sum"));
            let times = times.map_or(String::new(), |count| format!("{count}*"));
            times + call.trim_start_matches(in_a_name)
        })
    }

    pub(super) fn varying_parameter(&self, call: &Instruction) -> Error {
        let hint = "put a number there, such as 0.1".to_string();
        Error { hint, ..self.fault(VARIES, Some(call), str::to_string) }
    }

    /// The number of a name that no line defines.
    pub(super) fn not_defined(&self, name: &str) -> Result<usize, Error> {
        let open = |known: &Name| known.text == name && known.meaning != Meaning::Defined;
        self.names.iter().position(open).ok_or_else(|| {
            let (facts, meant) = self.nearest_name(name);
            let hint = format!("use one of its names, such as {meant}");
            Error::new(UNKNOWN.0.replace("{}", &brief(name)), facts, UNKNOWN.1, hint)
        })
    }

    /// The names that there are, and the one that was perhaps meant.
    fn nearest_name(&self, name: &str) -> (Vec<String>, String) {
        let names: Vec<&str> = self.names.iter().map(|name| name.text.as_str()).collect();
        let meant = nearest(&names, name).or(names.first().copied()).unwrap_or("1");
        (vec![format!("its names are {}", list(&names))], meant.to_string())
    }

    /// Lists are of one length, and not empty.
    pub(super) fn check_lengths(&self, name: &str, length: usize) -> Result<(), Error> {
        let lists = self.names.iter().filter_map(|name| match &name.meaning {
            Meaning::List(list) => Some(list.len()),
            _ => None,
        });
        let lengths: Vec<usize> = lists.collect();
        if length > 0 && lengths.iter().all(|other| *other == length) {
            return Ok(());
        }
        Err(Error::new(
            format!("the list `{}` has {length} numbers", brief(name)),
            [format!("the lists have {lengths:?}")],
            "each list has one number for each example, and a mean of none is 0/0",
            "give each name as many numbers",
        ))
    }
}
