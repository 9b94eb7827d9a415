//! What several tests share: a reader of the reference values, distances between numbers, panics and
//! the lines they name, and the sources.

pub mod double;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use chainrule::tensor::Tensor;
use proptest::test_runner::{Config, RngSeed};

/// A JSON value, as far as the reference files need it.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    pub fn read(name: &str) -> Json {
        let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
        Json::parse(&std::fs::read_to_string(path).unwrap())
    }

    pub fn parse(text: &str) -> Json {
        let mut parser = Parser { rest: text };
        let value = parser.value();
        assert_eq!(parser.rest.trim(), "", "text after the end");
        value
    }

    pub fn get(&self, key: &str) -> &Json {
        match self {
            Json::Map(map) => map.get(key).unwrap_or_else(|| panic!("no key {key}")),
            other => panic!("{key} of {other:?}"),
        }
    }

    pub fn has(&self, key: &str) -> bool {
        matches!(self, Json::Map(map) if map.contains_key(key))
    }

    pub fn map(&self) -> &BTreeMap<String, Json> {
        let Json::Map(map) = self else { panic!("not a map: {self:?}") };
        map
    }

    pub fn list(&self) -> &[Json] {
        let Json::List(list) = self else { panic!("not a list: {self:?}") };
        list
    }

    pub fn text(&self) -> &str {
        let Json::Text(text) = self else { panic!("not a text: {self:?}") };
        text
    }

    /// A number; non-finite ones are written as texts.
    pub fn number(&self) -> f64 {
        match self {
            Json::Number(number) => *number,
            Json::Text(text) => text.parse().unwrap(),
            Json::List(list) if list.len() == 1 => list[0].number(),
            other => panic!("not a number: {other:?}"),
        }
    }

    pub fn numbers(&self) -> Vec<f64> {
        self.list().iter().map(Json::number).collect()
    }

    /// A list of numbers as a column, a list of lists as a matrix.
    pub fn rows(&self) -> Tensor {
        let rows: Vec<Vec<f64>> = self.list().iter().map(Json::numbers).collect();
        Tensor::from_rows(&rows)
    }

    pub fn row(&self) -> Tensor {
        let entries = self.numbers();
        Tensor::new(1, entries.len(), entries)
    }

    pub fn column(&self) -> Tensor {
        self.row().t()
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self) -> Json {
        for (word, value) in
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if self.eat(word) {
                return value;
            }
        }
        if self.eat("{") {
            let mut map = BTreeMap::new();
            while !self.eat("}") {
                let Json::Text(key) = self.value() else { panic!("a key must be a text") };
                assert!(self.eat(":"));
                map.insert(key, self.value());
                self.eat(",");
            }
            return Json::Map(map);
        }
        if self.eat("[") {
            let mut list = vec![];
            while !self.eat("]") {
                list.push(self.value());
                self.eat(",");
            }
            return Json::List(list);
        }
        if self.eat("\"") {
            return Json::Text(self.text());
        }
        let end = self.rest.find([',', ']', '}', ' ', '\n']).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        Json::Number(number.parse().unwrap_or_else(|_| panic!("not a number: {number:?}")))
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next().expect("a text must end") {
                '"' => break,
                '\\' => match chars.next().unwrap() {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'u' => {
                        let code: String = chars.by_ref().take(4).collect();
                        let code = u32::from_str_radix(&code, 16).unwrap();
                        text.push(char::from_u32(code).unwrap());
                    }
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
        self.rest = chars.as_str();
        text
    }
}

/// The size of a random test: few samples in every run of the tests, so that each takes two seconds
/// at most, and all of them where `CHAINRULE_ALL_TESTS` asks for it.
pub fn samples(few: u32, all: u32) -> u32 {
    if all_tests() { all } else { few }
}

/// Whether nothing may be skipped: `CHAINRULE_ALL_TESTS=1 cargo test --release`.
pub fn all_tests() -> bool {
    std::env::var_os("CHAINRULE_ALL_TESTS").is_some()
}

/// So many random cases, the same in each run.
pub fn config(few: u32, all: u32) -> Config {
    Config {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::with_cases(samples(few, all))
    }
}

/// Whether golden texts are to be written instead of compared: `CHAINRULE_BLESS=1 cargo test`.
pub fn blesses() -> bool {
    std::env::var_os("CHAINRULE_BLESS").is_some()
}

/// Holds a text against a file of `tests/data`, or writes it there.
#[track_caller]
pub fn golden(name: &str, text: &str) {
    hold(&project().join("tests/data").join(name), text);
}

/// Holds a text against a file, or writes it there.
#[track_caller]
pub fn hold(path: &Path, text: &str) {
    if std::fs::read_to_string(path).ok().as_deref() == Some(text) {
        return;
    }
    if !blesses() {
        panic!("{path:?} says something else; if this is right, CHAINRULE_BLESS=1:\n{text}");
    }
    std::fs::write(path, text).unwrap();
}

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// |x − y| / |y|; 0 where both are equal or both NaN.
pub fn relative(x: f64, y: f64) -> f64 {
    if x == y || x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() / y.abs() }
}

#[track_caller]
pub fn assert_close(what: &str, x: f64, y: f64, tolerance: f64) {
    let error = relative(x, y);
    assert!(error <= tolerance, "{what}: {x:e} should be {y:e}; relative error {error:e}");
}

/// How many numbers lie between the two; 0 where both are NaN.
pub fn ulps(x: f64, y: f64) -> u64 {
    if x == y || x.is_nan() && y.is_nan() {
        return 0;
    }
    if x.is_nan() || y.is_nan() {
        return u64::MAX;
    }
    let rank = |x: f64| {
        let bits = x.to_bits() as i64;
        if bits < 0 { i64::MIN - bits } else { bits }
    };
    rank(x).abs_diff(rank(y))
}

/// The message of the panic that `work` ends in.
#[track_caller]
pub fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).expect_err("this should have panicked");
    panic.downcast_ref::<String>().expect("a formatted message").clone()
}

/// A line of a test that a message names: the learner's own.
pub struct Place {
    /// As it stands in the message: file, line and column.
    pub text: String,
    pub line: u32,
    /// The rest of the line, from the column on.
    pub code: String,
}

/// The place that a message names; it must be in `file`, which is `file!()`.
#[track_caller]
pub fn place(message: &str, file: &str) -> Place {
    let (_, text) = message.split_once("\n  --> ").expect("a place");
    let text = text.lines().next().unwrap();
    let rest = text.strip_prefix(&format!("{file}:"));
    let (line, column) =
        rest.unwrap_or_else(|| panic!("not in {file}: {message}")).split_once(':').unwrap();
    let (line, column): (u32, usize) = (line.parse().unwrap(), column.parse().unwrap());
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let code = source.lines().nth(line as usize - 1).unwrap()[column - 1..].to_string();
    Place { text: text.to_string(), line, code }
}

/// The code below a directory, without comments and tests.
pub fn sources(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
            let code = code.filter(|line| !line.trim_start().starts_with("//"));
            found.push((path, code.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}
