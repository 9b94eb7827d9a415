//! The exercises: each is wrong as given, each solution passes, and the runner tells the two apart,
//! whatever a learner types. The learner's own file is not read here.

#[path = "../../examples/exercises/checks.rs"]
mod checks;
#[path = "../data/exercises/given.rs"]
mod given;
#[path = "../../examples/exercises/list.rs"]
mod list;
#[allow(dead_code)]
#[path = "../../examples/exercises/runner.rs"]
mod runner;
#[path = "../data/exercises/solutions.rs"]
mod solutions;

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::tensor::Tensor;
use list::{Answers, answers, exercises};

const GIVEN: &str = include_str!("../data/exercises/given.rs");
const SOLUTIONS: &str = include_str!("../data/exercises/solutions.rs");

/// What the command shows, and its exit code.
fn run(command: &str, answers: Answers, memory: Option<&Path>) -> (String, u8) {
    let words: Vec<String> = command.split_whitespace().map(String::from).collect();
    let (text, code) = runner::run(&words, answers, GIVEN, memory);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{command}: {line}");
    }
    (text, code)
}

/// A file of a test's own, which is not there yet.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

/// A function as it stands in a file, from its first line to its last.
fn function<'a>(source: &'a str, name: &str) -> &'a str {
    let start = source.find(&format!("pub fn {name}(")).unwrap();
    let end = source[start..].find("\n}\n").unwrap();
    &source[start..start + end + 2]
}

#[test]
fn each_is_wrong_as_given_and_the_mistake_is_named() {
    let named = [
        "a factor 2 is missing",
        "right entries in another order",
        "minus the right derivative",
        "e^x is not a power of x",
        "your formula is one in x, not in y",
        "a factor 2 is missing",
        "both operands get the upstream gradient",
        "what was there before is overwritten",
        "nodes hand their gradient on before it is complete",
        "your formula is one in y, not in x",
        "minus the right derivative",
        "a sum where a mean is meant",
        "divided by m twice",
        "1 + e^x overflows",
        "right for x > 0 and wrong for x < 0",
        "db is taken at the new w",
        "that is the slope of sigmoid",
        "no gradient is handed back",
    ];
    for ((exercise, name), number) in exercises().iter().zip(named).zip(1..) {
        let (text, code) = run(&number.to_string(), answers!(given), None);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(name) && !text.contains(" try: "), "{text}");
        assert!(text.contains("    yours    ") && text.contains("    expected "), "{text}");
        // The place that it names is the function.
        let (_, place) = text.split_once("yours.rs:").unwrap();
        let line: usize = place.split(',').next().unwrap().parse().unwrap();
        let start = format!("pub fn {}(", exercise.function);
        assert!(GIVEN.lines().nth(line - 1).unwrap().starts_with(&start), "{text}");
    }
}

/// The first time one is told what is wrong; the next time, what to do.
#[test]
fn the_cure_comes_with_the_next_try() {
    for number in 1..=18 {
        let memory = file(&format!("exercises-tried-{number}.txt"));
        let [first, second, other] = [number, number, number % 18 + 1]
            .map(|number| run(&number.to_string(), answers!(given), Some(&memory)).0);
        assert!(!first.contains(" try: ") && !other.contains(" try: "), "{first}{other}");
        let line = second.lines().find(|line| line.starts_with(" try: ")).unwrap();
        let (hint, _) = run(&format!("{number} hint"), answers!(given), Some(&memory));
        assert!(hint.contains(line), "{hint}");
        // Another that passes does not make it a first try again.
        run(&(number % 18 + 1).to_string(), answers!(solutions), Some(&memory));
        let (third, _) = run(&number.to_string(), answers!(given), Some(&memory));
        assert_eq!(third, second);
    }
    // What nearly is right gets a name, and advice that helps.
    let solved = answers!(solutions);
    let tie = Answers { max_back: |x, y, u| if x > y { [u, 0.0] } else { [0.0, u] }, ..solved };
    let (text, _) = run("7 hint", tie, None);
    assert!(text.contains("try: let x count as the larger one there: >= for >"), "{text}");
    let (text, _) = run("7", tie, None);
    assert!(text.contains("= where x = y, yours gives the gradient to y"), "{text}");
}

#[test]
fn each_solution_passes() {
    for number in 1..=18 {
        let (text, code) = run(&number.to_string(), answers!(solutions), None);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("\nIt passes.\n"), "{text}");
    }
    let (text, _) = run("10", answers!(solutions), None);
    assert!(text.contains("of 16 digits"), "a slope from y alone loses digits: {text}");
}

/// The cases are enough to tell these from right.
#[test]
fn what_is_nearly_right_does_not_pass() {
    let solved = answers!(solutions);
    let nearly: [(usize, Answers); 16] = [
        (1, Answers { square_slope: |x, _| 2.0 * x + 1e-6, ..solved }),
        (2, Answers { product_slopes: |x, y| [y, y + 0.0 * x], ..solved }),
        (3, Answers { reciprocal_slope: |x, y| -y / x.abs(), ..solved }),
        (6, Answers { add_back: |upstream| [upstream, 0.0], ..solved }),
        (7, Answers { max_back: |x, y, u| if x > y { [u, 0.0] } else { [0.0, u] }, ..solved }),
        (7, Answers { max_back: |x, y, _| if x >= y { [1.0, 0.0] } else { [0.0, 1.0] }, ..solved }),
        (9, Answers { backward: |tape| vec![1.0; tape.len()], ..solved }),
        (
            11,
            Answers { dw_of_one: |x, a, y| x[..1].iter().map(|x| x * (a - y)).collect(), ..solved },
        ),
        (12, Answers { dw: |x, a, y| solutions::dw(x, a, y).t(), ..solved }),
        (
            12,
            Answers {
                dw: |x, a, y| solutions::dw(x, a, y).map(|dw| f64::from(dw as f32)),
                ..solved
            },
        ),
        (14, Answers { softplus: |x| if x > 30.0 { x } else { x.exp().ln_1p() + 1e-9 }, ..solved }),
        (14, Answers { softplus: |x| x.max(0.0) + (1.0 + (-x.abs()).exp()).ln(), ..solved }),
        (15, Answers { leaky_relu_slope: |x, _| if x >= 0.0 { 1.0 } else { 0.01 }, ..solved }),
        (16, Answers { step: |w, b, x, y, rate| solutions::step(w, b, x, y, -rate), ..solved }),
        (18, Answers { own_tape: |inputs, _| vec![1.0; inputs.len()], ..solved }),
        (
            17,
            Answers {
                two_layers: |v, w, x, y| [0.0, solutions::two_layers(v, w, x, y)[1]],
                ..solved
            },
        ),
    ];
    for (number, answers) in nearly {
        let (text, code) = run(&number.to_string(), answers, None);
        assert_eq!(code, 1, "{text}");
    }
}

/// The tape of 18, with a slip.
fn slipped_tape<const SLIP: usize>(inputs: &[f64], operations: &[list::Operation]) -> Vec<f64> {
    let mut values = inputs.to_vec();
    let mut edges: Vec<Vec<list::Edge>> = vec![vec![]; inputs.len()];
    for (name, of) in operations {
        let (x, y) = (values[of[0]], values[of[of.len() - 1]]);
        let a = 1.0 / (1.0 + (-x).exp());
        let (value, locals) = match *name {
            "add" => (x + y, vec![1.0, 1.0]),
            "mul" => (x * y, if SLIP == 0 { vec![x, y] } else { vec![y, x] }),
            "sigmoid" => (a, vec![if SLIP == 1 { x * (1.0 - x) } else { a * (1.0 - a) }]),
            _ => (x.ln(), vec![if SLIP == 2 { x } else { 1.0 / x }]),
        };
        values.push(value);
        edges.push(of.iter().copied().zip(locals).collect());
    }
    let mut gradients = vec![0.0; values.len()];
    *gradients.last_mut().unwrap() = if SLIP == 3 { 0.0 } else { 1.0 };
    for node in (0..values.len()).rev() {
        for &(input, local) in &edges[node] {
            let before = if SLIP == 4 { 0.0 } else { gradients[input] };
            gradients[input] = before + local * if SLIP == 5 { 1.0 } else { gradients[node] };
        }
    }
    gradients[..inputs.len()].to_vec()
}

/// What learners write, its name, and the advice on the next try.
#[test]
fn usual_slips_are_named() {
    let solved = answers!(solutions);
    let own = |own_tape| Answers { own_tape, ..solved };
    let step = |step| Answers { step, ..solved };
    let two_layers = |two_layers| Answers { two_layers, ..solved };
    let slips: [(usize, Answers, &str, &str); 30] = [
        (2, Answers { product_slopes: |_, _| [1.0; 2], ..solved }, "of x + y", "other factor"),
        (2, Answers { product_slopes: |x, y| [x * y; 2], ..solved }, "z itself", "leave out"),
        (2, Answers { product_slopes: |_, y| [y, y], ..solved }, "not exchanged", "in dy, write x"),
        (3, Answers { reciprocal_slope: |_, y| -y, ..solved }, "not squared", "write -y² for -y"),
        (4, Answers { exp_slope: |x, _| 1.0 / x, ..solved }, "no hypothesis", "hint: The rule"),
        (
            6,
            Answers { add_back: |_| [1.0; 2], ..solved },
            "upstream gradient is left out",
            "by ups",
        ),
        (6, Answers { add_back: |u| [u, 0.0], ..solved }, "y gets nothing", "passes"),
        (
            7,
            Answers { max_back: |_, _, u| [u, 0.0], ..solved },
            "even where y is larger",
            "compare",
        ),
        (7, Answers { max_back: |_, _, u| [u / 2.0; 2], ..solved }, "half", "all of it"),
        (
            8,
            Answers { accumulate: |g, e, u| e.iter().for_each(|e| g[e.0] += e.1 + u), ..solved },
            "are added",
            "multiply",
        ),
        (11, Answers { dw_of_one: |x, a, y| vec![a - y; x.len()], ..solved }, "dL/dz", "by each x"),
        (
            11,
            Answers { dw_of_one: |x, a, _| x.iter().map(|x| a * x).collect(), ..solved },
            "label is left out",
            "a - y",
        ),
        (
            12,
            Answers { dw: |x, a, y| &x.matmul(&(a - y).t()) / 2.0, ..solved },
            "not by m",
            "examples",
        ),
        (12, Answers { dw: |x, a, _| &x.matmul(&a.t()) / 3.0, ..solved }, "labels", "A - Y"),
        (13, Answers { db: |a, _| a.sum() / 3.0, ..solved }, "labels are left out", "A - Y"),
        (14, Answers { softplus: |x| x.exp().ln_1p(), ..solved }, "e^x overflows", "x > 0"),
        (
            14,
            Answers { softplus: |x| x + (-x).exp().ln_1p(), ..solved },
            "for x < 0",
            "ln_1p of e^x",
        ),
        (
            15,
            Answers { leaky_relu_slope: |x, _| if x >= 0.0 { 1.0 } else { 0.01 }, ..solved },
            "at the kink",
            "> for >=",
        ),
        (
            16,
            step(|w, b, x, y, rate| {
                let [next, late] = solutions::step(w, b, x, y, rate);
                [w + (late - b), next - w + b]
            }),
            "exchanged",
            "exchange",
        ),
        (
            16,
            step(|w, b, x, y, rate| {
                let late = solutions::step(w, b, x, y, rate)[1];
                [w + (late - b), late]
            }),
            "x is left out of dw",
            "by x",
        ),
        (
            16,
            step(|w, b, x, y, rate| {
                let next = solutions::step(w, b, x, y, rate)[0];
                [next, b + (next - w)]
            }),
            "db is multiplied by x",
            "leave x out",
        ),
        (
            17,
            two_layers(|v, w, x, y| {
                let [dv, dw] = solutions::two_layers(v, w, x, y);
                [dv / x, dw]
            }),
            "the factor x was forgotten",
            "multiply dv by x",
        ),
        (
            17,
            two_layers(|v, w, x, y| solutions::two_layers(v, w, x, y).map(|d| -d)),
            "minus",
            "sign",
        ),
        (
            17,
            two_layers(|v, w, x, y| {
                let dv = solutions::two_layers(v, w, x, y)[0];
                [dv, (w * (v * x).tanh() - y) * w]
            }),
            "not exchanged",
            "in dw, write a for w",
        ),
        (18, own(slipped_tape::<0>), "mul: each", "exchange"),
        (18, own(slipped_tape::<1>), "sigmoid: its slope", "a (1 - a)"),
        (18, own(slipped_tape::<2>), "ln: it is multiplied", "1/x"),
        (18, own(slipped_tape::<3>), "no gradient is handed back", "that of the last node to 1"),
        (18, own(slipped_tape::<4>), "overwritten", "+= for ="),
        (18, own(slipped_tape::<5>), "the gradient of the node is left out", "multiply local"),
    ];
    for (k, (number, answers, name, cure)) in slips.into_iter().enumerate() {
        let memory = file(&format!("exercises-slip-{k}.txt"));
        let [first, second] = [(); 2].map(|()| run(&number.to_string(), answers, Some(&memory)).0);
        assert!(first.contains(name), "{first}");
        let advice =
            second.lines().find(|line| line.starts_with(" try: ") || line.starts_with("hint: "));
        assert!(advice.unwrap().contains(cure), "{second}");
        assert!(!first.contains(advice.unwrap()), "{first}");
    }
}

#[test]
fn another_right_answer_passes() {
    let solved = answers!(solutions);
    let others: [(usize, Answers); 8] = [
        (1, Answers { square_slope: |x, _| x + x, ..solved }),
        (3, Answers { reciprocal_slope: |x, _| -1.0 / (x * x), ..solved }),
        (4, Answers { exp_slope: |x, _| x.exp(), ..solved }),
        (5, Answers { ln_slope: |_, y| (-y).exp(), ..solved }),
        (10, Answers { sigmoid_slope: |x, _| (-x).exp() / (1.0 + (-x).exp()).powi(2), ..solved }),
        (10, Answers { sigmoid_slope: |x, y| y / (1.0 + x.exp()), ..solved }),
        (
            14,
            Answers {
                softplus: |x| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() },
                ..solved
            },
        ),
        (
            12,
            Answers {
                dw: |x, a, y| &Tensor::filled(1, 1, 1.0 / 3.0) * &x.matmul(&(a - y).t()),
                ..solved
            },
        ),
    ];
    for (number, answers) in others {
        let (text, code) = run(&number.to_string(), answers, None);
        assert_eq!(code, 0, "{text}");
    }
}

/// The words and signs of a text, numbers without `.0`.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = vec![];
    let mut glue = false;
    for c in text.chars() {
        let part = c.is_alphanumeric() || "_.".contains(c);
        match tokens.last_mut() {
            Some(last) if part && glue => last.push(c),
            _ if c.is_whitespace() => (),
            _ => tokens.push(c.to_string()),
        }
        glue = part;
    }
    tokens.into_iter().map(|token| token.trim_end_matches(".0").to_string()).collect()
}

#[test]
fn each_has_a_hint_and_no_hint_is_the_answer() {
    for (exercise, number) in exercises().iter().zip(1..) {
        let (hint, code) = run(&format!("{number} hint"), answers!(given), None);
        assert_eq!(code, 0);
        assert!(hint.contains("\n try: "), "{hint}");
        let hint = hint.split("\n try: ").next().unwrap();
        assert!(hint.trim_end().len() > 20 && hint.trim_end().ends_with(['.', '?']), "{hint}");
        let before = function(GIVEN, exercise.function);
        let changed = function(SOLUTIONS, exercise.function).lines();
        for line in changed.filter(|line| !before.contains(*line)) {
            let (line, hint) = (tokens(line.trim_end_matches(';')), tokens(hint));
            assert!(!hint.windows(line.len()).any(|part| part == line), "{hint:?} tells {line:?}");
        }
    }
}

/// Same functions, in the same order, in the list and in both files; and each chapter is there.
#[test]
fn the_list_and_both_files_are_the_same_exercises() {
    let names = |source: &str| -> Vec<String> {
        let functions = source.lines().filter_map(|line| line.strip_prefix("pub fn "));
        functions.map(|line| line.split('(').next().unwrap().to_string()).collect()
    };
    let listed: Vec<String> = exercises().iter().map(|e| e.function.to_string()).collect();
    assert_eq!(names(GIVEN), listed);
    assert_eq!(names(SOLUTIONS), listed);
    for (exercise, number) in exercises().iter().zip(1..) {
        let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join(exercise.chapter);
        assert!(chapter.exists(), "{chapter:?}");
        let (before, _) = GIVEN.split_once(&format!("pub fn {}(", exercise.function)).unwrap();
        let task = before.rsplit("\n\n").next().unwrap();
        assert!(task.starts_with(&format!("/// {number}: ")), "{task}");
        let first_line = |source| function(source, exercise.function).lines().next();
        assert_eq!(first_line(GIVEN), first_line(SOLUTIONS));
    }
}

/// A chapter that names exercises by number names its own.
#[test]
fn chapters_name_their_own_exercises() {
    let exercises = exercises();
    let mut named = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue }; // a directory
        for rest in text.split("--example exercises -- ").skip(1) {
            let sentence = rest.split(".\n").next().unwrap();
            let numbers = sentence.split(|c: char| !c.is_ascii_digit());
            for number in numbers.filter_map(|number| number.parse::<usize>().ok()) {
                assert!(path.ends_with(exercises[number - 1].chapter), "{path:?} has {number}");
                named += 1;
            }
        }
    }
    assert!(named > 10, "only {named}");
}

#[test]
fn the_answer_is_the_text_that_passed() {
    let mut all = String::new();
    for (exercise, number) in exercises().iter().zip(1..) {
        let (refused, code) = run(&format!("{number} answer"), answers!(given), None);
        assert_eq!(code, 1);
        assert!(refused.contains("has not passed yet") && !refused.contains("pub fn"), "{refused}");
        let (shown, code) = run(&format!("{number} answer --give-up"), answers!(given), None);
        assert_eq!(
            (shown.as_str(), code),
            (run(&format!("{number} answer"), answers!(solutions), None).0.as_str(), 0)
        );
        assert!(shown.starts_with("/// "), "{shown}");
        assert!(
            shown.ends_with(&format!("{}\n", function(SOLUTIONS, exercise.function))),
            "{shown}"
        );
        all += &format!("\n{shown}");
    }
    assert!(SOLUTIONS.ends_with(&all), "{all}");
}

/// The status of an exercise in the list.
fn status(list: &str, number: usize) -> &str {
    let row = |line: &&str| line.get(8..11).is_some_and(|n| n.trim() == number.to_string());
    list.lines().find(row).unwrap()[..8].trim()
}

#[test]
fn what_is_done_is_what_passes_now() {
    let memory = file("exercises-progress.txt");
    let second = Answers { product_slopes: solutions::product_slopes, ..answers!(given) };

    let (list, code) = run("", answers!(given), Some(&memory));
    assert_eq!((status(&list, 1), status(&list, 2), code), ("next", "", 0));
    assert!(list.ends_with("\n0 of 18 done. Next: cargo run --example exercises -- 1\n"), "{list}");
    assert!(!memory.exists());

    assert_eq!(run("2", second, Some(&memory)).1, 0);
    assert_eq!(fs::read_to_string(&memory).unwrap(), "2\n");
    let (list, _) = run("", second, Some(&memory));
    assert_eq!((status(&list, 1), status(&list, 2), status(&list, 3)), ("next", "done", ""));

    // Broken again: no longer done, but the answer is no secret any more.
    let (list, _) = run("", answers!(given), Some(&memory));
    assert_eq!((status(&list, 1), status(&list, 2)), ("next", "was done"));
    assert!(list.contains("\n0 of 18 done."), "{list}");
    assert_eq!(run("2 answer", answers!(given), Some(&memory)).1, 0);
    assert_eq!(run("3 answer", answers!(given), Some(&memory)).1, 1);

    let (list, _) = run("", answers!(solutions), Some(&memory));
    assert!(list.contains("\n18 of 18 done. Next: "), "{list}");
    assert_eq!(fs::read_to_string(&memory).unwrap().lines().count(), 18);
}

#[test]
fn a_memory_that_is_damaged_or_cannot_be_written_is_no_fault() {
    let memory = file("exercises-damaged.txt");
    for damaged in [&b"\xff\xfe\x00"[..], b"", b"99999999999999999999999\n-1\nx\n0\n19\n"] {
        fs::write(&memory, damaged).unwrap();
        let (list, code) = run("", answers!(given), Some(&memory));
        assert_eq!((code, status(&list, 1)), (0, "next"));
        assert!(!list.contains("was done"), "{list}");
        assert_eq!(run("1", answers!(solutions), Some(&memory)).1, 0);
        assert!(fs::read_to_string(&memory).unwrap().lines().any(|line| line == "1"));
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let words = ["1".to_string()];
    let (text, code) = runner::run(&words, answers!(solutions), GIVEN, Some(directory));
    assert_eq!(code, 0);
    assert!(text.contains("\nnote: what passed is not remembered:\n"), "{text}");
}

#[test]
fn what_is_mistyped_is_told_and_is_code_2() {
    let told = [
        ("99", "there is no exercise 99: they go from 1 to 18"),
        ("0", "there is no exercise 0"),
        ("foo", "`foo` is not the number of an exercise, 1 to 18"),
        ("-1", "`-1` is not"),
        ("hint", "`hint` is not"),
        ("3 hnt", "after 3 comes `hint` or `answer`, not `hnt`"),
        ("3 hint --give-up", "not `hint --give-up`"),
        ("3 answer -give-up", "not `answer -give-up`"),
        ("99 hnt", "there is no exercise 99"),
    ];
    for (command, what) in told {
        let (text, code) = run(command, answers!(given), None);
        assert_eq!(code, 2, "{command}");
        assert!(text.starts_with("error: ") && text.contains(what), "{text}");
        assert!(text.contains("\nusage: cargo run --example exercises"), "{text}");
    }
    assert_eq!(run("--help", answers!(given), None).1, 0);
}

#[test]
fn an_answer_that_panics_or_gives_nan_or_does_not_come_back_is_told() {
    let solved = answers!(solutions);
    let bad: [(usize, Answers, &[&str]); 4] = [
        (
            8,
            Answers {
                accumulate: |gradients, edges, _| gradients[edges.len() + 7] = 0.0,
                ..solved
            },
            &["It panicked at tests/suite/exercises.rs:", "index out of bounds: the len is 2"],
        ),
        (
            12,
            Answers { dw: |x, a, _| x.matmul(a), ..solved },
            &["It panicked at tests/suite/exercises.rs:", "matmul", " try: "],
        ),
        (1, Answers { square_slope: |_, _| f64::NAN, ..solved }, &["yours    NaN\n", "expected "]),
        (
            6,
            Answers {
                add_back: |_| loop {
                    std::thread::park();
                },
                ..solved
            },
            &["It has not come back after 2s. Does a loop not end?"],
        ),
    ];
    for (number, answers, what) in bad {
        let words = [number.to_string()];
        let (text, code) = runner::run(&words, answers, GIVEN, None);
        assert_eq!(code, 1, "{text}");
        assert!(what.iter().all(|what| text.contains(what)), "{text}");
        assert!(text.contains("It does not pass yet."), "{text}");
    }
    let broken = Answers { dw: |_, _, _| panic!("on purpose"), ..solved };
    let (list, code) = run("", broken, None);
    assert_eq!((status(&list, 11), status(&list, 12), code), ("done", "next", 0));
}
