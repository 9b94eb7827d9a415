//! The runner of the exercises: what is typed, what is shown, and what is remembered.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Once, mpsc};
use std::thread;
use std::time::Duration;

use chainrule::check::Finding;
use chainrule::tensor::Tensor;

use super::checks::{Case, Outcome, text};
use super::list::{Answers, Exercise, exercises};

const COMMAND: &str = "cargo run --example exercises";
const FILE: &str = "examples/exercises/yours.rs";
const SOLUTIONS: &str = include_str!("../../tests/data/exercises/solutions.rs");
const USAGE: &str = "\
usage: cargo run --example exercises                           the list
       cargo run --example exercises -- 3                      run the third
       cargo run --example exercises -- 3 hint                 a hint
       cargo run --example exercises -- 3 answer [--give-up]   answer, and why
The file to edit is examples/exercises/yours.rs.";

enum Command {
    List,
    Help,
    Run(usize),
    Hint(usize),
    Answer { number: usize, give_up: bool },
}

/// Does what the words say. Returns the text to show, and the exit code: 1 if an exercise does not
/// pass, 2 if there is no such command.
///
/// `source` is the text of the file with the answers; `memory` is where to remember what passed.
pub fn run(
    words: &[String],
    answers: Answers,
    source: &str,
    memory: Option<&Path>,
) -> (String, u8) {
    let exercises = exercises();
    let runner = Runner { exercises: &exercises, answers, source, memory };
    match parse(words, exercises.len()) {
        Err(what) => (format!("error: {what}\n{USAGE}\n"), 2),
        Ok(Command::Help) => (format!("{USAGE}\n"), 0),
        Ok(Command::List) => (runner.list(), 0),
        Ok(Command::Run(number)) => runner.one(number),
        Ok(Command::Hint(number)) => (runner.hint(number), 0),
        Ok(Command::Answer { number, give_up }) => runner.answer(number, give_up),
    }
}

fn parse(words: &[String], count: usize) -> Result<Command, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number = |word: &str| match word.parse() {
        Ok(number) if (1..=count).contains(&number) => Ok(number),
        Ok(number) => Err(format!("there is no exercise {number}: they go from 1 to {count}")),
        Err(_) => Err(format!("`{word}` is not the number of an exercise, 1 to {count}")),
    };
    Ok(match words[..] {
        [] => Command::List,
        ["help" | "--help" | "-h"] => Command::Help,
        [n] => Command::Run(number(n)?),
        [n, "hint"] => Command::Hint(number(n)?),
        [n, "answer"] => Command::Answer { number: number(n)?, give_up: false },
        [n, "answer", "--give-up"] => Command::Answer { number: number(n)?, give_up: true },
        [n, ref others @ ..] => {
            let (number, others) = (number(n)?, others.join(" "));
            return Err(format!("after {number} comes `hint` or `answer`, not `{others}`"));
        }
    })
}

struct Runner<'a> {
    exercises: &'a [Exercise],
    answers: Answers,
    source: &'a str,
    memory: Option<&'a Path>,
}

impl Runner<'_> {
    /// All of them. Each is checked anew: done is what passes now.
    fn list(&self) -> String {
        let before = self.remembered();
        let passes = |exercise: &Exercise| {
            attempt(exercise.check, self.answers).is_ok_and(|outcome| outcome.passed)
        };
        let passing: Vec<bool> = self.exercises.iter().map(passes).collect();
        let next = passing.iter().position(|passes| !passes).map(|k| k + 1);
        let mut shown = format!("Fix the functions in {FILE}, one after the other.\n\n");
        shown += &format!("{:11} {:41} taught in\n", "", "exercise");
        for ((exercise, &passes), number) in self.exercises.iter().zip(&passing).zip(1..) {
            let status = if passes {
                "done"
            } else if before.contains(&number) {
                "was done"
            } else if Some(number) == next {
                "next"
            } else {
                ""
            };
            let Exercise { title, chapter, .. } = exercise;
            shown += &format!("{status:>8} {number:2} {title:41} {chapter}\n");
        }
        let done = passing.iter().filter(|passes| **passes).count();
        shown += &format!("\n{done} of {} done.", passing.len());
        shown += &match next {
            Some(next) => format!(" Next: {COMMAND} -- {next}\n"),
            None => " Next: an activation of your own, docs/21_own_activation.md\n".to_string(),
        };
        let numbers = passing.iter().zip(1..).filter_map(|(&passes, n)| passes.then_some(n));
        shown + &self.remember(before, numbers.collect())
    }

    fn one(&self, number: usize) -> (String, u8) {
        let exercise = &self.exercises[number - 1];
        let Exercise { function, title, chapter, .. } = exercise;
        let head =
            format!("Exercise {number}: {title}\n{FILE}:{}, {function}\n\n", self.line(function));
        match attempt(exercise.check, self.answers) {
            Ok(outcome) if outcome.passed => {
                let mut shown = head + "It passes.\n" + &named(&outcome);
                shown += &format!("\nThe answer and why: {COMMAND} -- {number} answer\n");
                let next = self.exercises.get(number).map(|_| format!(" -- {}", number + 1));
                shown += &format!("Next:               {COMMAND}{}\n", next.unwrap_or_default());
                let passed = BTreeSet::from([number]);
                (shown + &self.remember(self.remembered(), passed), 0)
            }
            attempted => {
                let what = match attempted {
                    Ok(outcome) => {
                        let case = outcome.case.as_ref().map(wrong).unwrap_or_default();
                        // What to do about it comes with the next try.
                        let cure = self.tried(number).then(|| match cure(&outcome) {
                            none if none.is_empty() => format!("hint: {}\n", exercise.hint),
                            cure => cure,
                        });
                        case + &named(&outcome) + &cure.unwrap_or_default()
                    }
                    Err(what) => what,
                };
                let more = format!("More: {chapter}, or {COMMAND} -- {number} hint\n");
                (format!("{head}It does not pass yet.\n{what}\n{more}"), 1)
            }
        }
    }

    /// A push in the right direction, and for what is wrong now, what to do about it.
    fn hint(&self, number: usize) -> String {
        let exercise = &self.exercises[number - 1];
        let attempted = attempt(exercise.check, self.answers).ok();
        let wrong = attempted.filter(|outcome| !outcome.passed);
        format!("{}\n{}", exercise.hint, wrong.map(|outcome| cure(&outcome)).unwrap_or_default())
    }

    /// Whether this went wrong before; from now on it did.
    fn tried(&self, number: usize) -> bool {
        let Some(path) = self.memory else { return false };
        let mut text = fs::read_to_string(path).unwrap_or_default();
        let line = format!("tried {number}\n");
        let before = text.contains(&line);
        if !before {
            text += &line;
            let _ = fs::write(path, text); // or the next try is a first one again
        }
        before
    }

    /// From the file that the tests hold against the checks.
    fn answer(&self, number: usize, give_up: bool) -> (String, u8) {
        let exercise = &self.exercises[number - 1];
        let passed = || {
            let now = attempt(exercise.check, self.answers).is_ok_and(|outcome| outcome.passed);
            now || self.remembered().contains(&number)
        };
        if give_up || passed() {
            return (solution(exercise.function), 0);
        }
        let hint = format!("A hint: {COMMAND} -- {number} hint\n");
        let all_the_same =
            format!("The answer all the same: {COMMAND} -- {number} answer --give-up\n");
        (format!("Exercise {number} has not passed yet.\n{hint}{all_the_same}"), 1)
    }

    /// Where a function stands in the file with the answers.
    fn line(&self, function: &str) -> usize {
        let start = format!("pub fn {function}(");
        self.source.lines().position(|line| line.starts_with(&start)).map_or(1, |k| k + 1)
    }

    /// The numbers of those that passed before. A file that is missing or damaged says nothing.
    fn remembered(&self) -> BTreeSet<usize> {
        let text = self.memory.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Adds what passed now. Returns a line for the screen if that cannot be written.
    fn remember(&self, mut all: BTreeSet<usize>, passed: BTreeSet<usize>) -> String {
        let count = all.len();
        all.extend(passed);
        let Some(path) = self.memory.filter(|_| all.len() > count) else { return String::new() };
        let mut text: String = all.iter().map(|number| format!("{number}\n")).collect();
        let before = fs::read_to_string(path).unwrap_or_default();
        text.extend(before.split_inclusive('\n').filter(|line| line.starts_with("tried ")));
        let written = fs::write(path, text);
        written.err().map_or_else(String::new, |error| {
            format!("note: what passed is not remembered:\n  {}: {error}\n", path.display())
        })
    }
}

/// A case that is wrong, in numbers.
fn wrong(case: &Case) -> String {
    let shapes_differ = case.yours.shape() != case.right.shape();
    let told = |tensor: &Tensor| match (tensor.shape(), shapes_differ) {
        ((rows, columns), true) => format!("{} ({rows} x {columns})", text(tensor)),
        _ => text(tensor),
    };
    let (given, yours, right) = (indented(&case.given), told(&case.yours), told(&case.right));
    format!("{given}    yours    {yours}\n    expected {right}\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// The rule that was applied wrongly, or the simplest finding; what else fits the numbers is named.
fn named(outcome: &Outcome) -> String {
    if let Some([what, _]) = &outcome.slip {
        return format!("   = {what}\n");
    }
    let Some((first, others)) = outcome.findings.split_first() else { return String::new() };
    let mut shown = format!("   = {first}\n");
    if !others.is_empty() {
        let mut names: Vec<&str> = others.iter().map(|finding| finding.name()).collect();
        names.dedup();
        shown += &format!("   = also fits: {}\n", names.join(", "));
    }
    shown
}

/// What to do about it.
fn cure(outcome: &Outcome) -> String {
    let cure = match (&outcome.slip, outcome.findings.first()) {
        (Some([_, cure]), _) => cure.clone(),
        (None, Some(Finding::Unexplained { .. }) | None) => return String::new(), // the numbers say more
        (None, Some(first)) => first.hint(),
    };
    format!(" try: {cure}\n")
}

/// The function's part of the solutions: its comment, which says why, and itself.
fn solution(function: &str) -> String {
    let parts = SOLUTIONS.split_inclusive("\n}\n").map(str::trim_start);
    let start = format!("\npub fn {function}(");
    let found =
        parts.filter(|part| part.contains(&start)).map(|part| match part.rfind("\n\n///") {
            Some(end_of_head) => part[end_of_head..].trim_start(),
            None => part,
        });
    found.collect()
}

thread_local! {
    static PANIC: Cell<String> = const { Cell::new(String::new()) };
}

/// Runs a check, which runs the answer. The error is a text: where it panicked, or that it did not
/// come back.
fn attempt(check: fn(&Answers) -> Outcome, answers: Answers) -> Result<Outcome, String> {
    const NAME: &str = "exercise";
    const PATIENCE: Duration = Duration::from_secs(2);
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(NAME) => PANIC.set(info.to_string()),
            _ => usual(info),
        }));
    });
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| check(&answers)));
        let told = outcome.map_err(|_| indented(&format!("It {}", PANIC.take())));
        let _ = sender.send(told); // nobody listens any more if it took too long
    };
    match thread::Builder::new().name(NAME.into()).spawn(work) {
        Err(error) => Err(format!("  It could not be run: {error}\n")),
        Ok(_) => receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            Err(format!("  It has not come back after {PATIENCE:?}. Does a loop not end?\n"))
        }),
    }
}

/// A small file in the build directory, found from where this program lies in it:
/// target/debug/examples/exercises.
pub fn memory() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let examples = program.parent().filter(|directory| directory.ends_with("examples"))?;
    Some(examples.parent()?.parent()?.join("exercises.txt"))
}
