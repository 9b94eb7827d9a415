//! The stepper: frames, commands, pipes, and a terminal that is set back in every exit.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::commands::chainrule;
use crate::common::{all_tests, config, golden};
use chainrule::scalar::Tape;
use chainrule::tensor;
use chainrule::trace::Trace;
use chainrule::view::stepper::{Answer, Session, frame, sentence};
use proptest::prelude::*;

/// `y = x x`, `L = sigmoid(y)`. It stands first, because its lines are part of an expected text.
fn trace() -> Trace {
    let tape = Tape::new();
    let x = tape.var(0.5).named("x");
    (x * x).named("y").sigmoid().named("L").trace()
}

fn words(answer: Answer) -> String {
    match answer {
        Answer::Screen => "(screen)".to_string(),
        Answer::Words(words) | Answer::Quit(words) => words,
    }
}

#[test]
fn a_frame_as_it_looks() {
    let expected = frame(&trace(), 6, 80);
    golden("views/frame.txt", &expected);
    let narrow = frame(&trace(), 6, 50);
    assert!(!narrow.contains("[y]---") && narrow.lines().all(|l| l.chars().count() <= 50));
    assert_eq!(frame(&trace(), 99, 80), expected); // the last one
    // Where it is narrow, lines are broken, and no number is.
    let narrow = frame(&trace(), 6, 28);
    let (_, now) = expected.split_once(" now ").unwrap();
    for number in now.split_whitespace().filter(|word| word.parse::<f64>().is_ok()) {
        assert!(narrow.split_whitespace().any(|word| word == number), "{number}: {narrow}");
    }
    assert_eq!(
        sentence(&trace(), 4),
        "Frame 5 of 7. Backward, from L to y, contribution 1 of 1. The local derivative is \
         L (1 - L) = 0.2461340827. Local times upstream: 0.2461340827 times 1 is 0.2461340827. \
         The gradient of y was nothing and is now 0.2461340827.\n"
    );
}

#[test]
fn every_command() {
    let trace = trace();
    let mut session = Session::new(&trace);
    let mut after = |command: &str| {
        let words = words(session.answer(command));
        let at = session
            .screen(80)
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_string();
        (at, words)
    };
    for (command, at) in [
        ("n", "2"),
        ("", "3"),
        ("p", "2"),
        ("b", "4"),
        ("g 7", "7"),
        ("g2", "2"),
        ("f", "1"),
        ("N", "2"),
        (" next ", "3"),
        ("back", "2"),
        ("Backward", "4"),
        ("7", "7"),
        ("go 2", "2"),
        ("FORWARD", "1"),
    ] {
        assert_eq!(after(command), (at.to_string(), "(screen)".to_string()), "{command}");
    }
    let range = "g needs a frame from 1 to 7; a prediction needs ? before it\n";
    for command in ["g 9", "g", "go back", "0", "-0.18"] {
        assert_eq!(after(command).1, range, "{command}");
    }
    for command in ["foo", "é", "-", "nn", "quite", "n 5"] {
        let (at, words) = after(command);
        let menu = words.strip_prefix(&format!("no command `{command}`\n")).expect(&words);
        assert!(at == "1" && menu.starts_with(" n next  p back "), "{words}");
    }
    for command in ["?", "predict", "? 0.5"] {
        assert_eq!(after(command).1, "an input is given, not computed: press n\n");
    }
    for command in ["p", "BACK"] {
        assert_eq!(after(command), ("1".to_string(), "this is the first frame\n".to_string()));
    }
    for (letter, word) in [("w", "why"), ("h", "help")] {
        assert!(after(letter).1 == after(word).1 && after(word).1.lines().count() > 1, "{word}");
    }
    assert!(after("w").1.starts_with("Forward computes"));
    assert!(after("h").1.contains("predict: forward the value"));
    assert!(after("h").1.lines().all(|line| line.chars().count() <= 80));
    after("g 7");
    for command in ["n", "next", ""] {
        let last = "this is the last frame: p goes back, q quits\n";
        assert_eq!(after(command), ("7".to_string(), last.to_string()));
    }
    let why = after("w").1;
    assert!(why.starts_with("Multiplication swaps") && why.contains("used 2 times"), "{why}");
    assert_eq!(after("q").1, "");
    assert!(matches!(session.answer("Quit"), Answer::Quit(_)));
}

#[test]
fn predictions_and_their_slips() {
    let trace = trace();
    let mut session = Session::new(&trace);
    // Frame 7: local 0.5, upstream 0.2461340827, before 0.1230670414.
    for (guess, answer) in [
        ("0.123", "right: 0.1230670414\n"),
        ("-0.12307", "the sign is turned around"),
        ("0.5", "that is the local derivative; times upstream is missing"),
        ("0.24613", "that is upstream; times the local derivative is missing"),
        ("7", "it is 0.1230670414; yours is off by 6.8769329586\n"),
    ] {
        session.answer("g 7");
        session.answer("?");
        let hidden = session.screen(80);
        assert!(hidden.contains("= ") && !hidden.contains("0.2461  x 0.2461"), "{hidden}");
        assert!(hidden.lines().any(|line| line.trim_end().ends_with('?')), "{hidden}");
        let words = words(session.answer(guess));
        assert!(words.contains(answer), "{guess}: {words}");
        assert!(words.lines().all(|line| line.chars().count() <= 80), "{words}");
        assert!(session.screen(80).contains("=     0.1230670414"));
    }
    assert_eq!(session.score(), "predictions right: product 1 of 5\n");
    assert_eq!(words(session.answer("q")), "predictions right: product 1 of 5\n");

    // Another ? asks for the local derivative, and a third one for the product again. Forward it
    // is the value. What is asked for stands nowhere.
    let shown = |session: &Session, text: &str| {
        session.screen(80).contains(text) || session.sentence().contains(text)
    };
    for (commands, hidden, guess, answer) in [
        ("g 5;?;?", "0.246", "-0.246134", "the sign is turned around"),
        ("g 7;?;?", "= 0.5", "0.12307", "that is the product; upstream was not asked for"),
        ("g 5;?;?;?", "-> 0.246", "0.2461", "right: 0.2461340827\n"),
        ("g 3;?", "0.562", "0.5622", "right: 0.5621765009\n"),
        ("g 2;?", "0.25", "-0.25", "the sign is turned around"),
    ] {
        commands.split(';').for_each(|command| drop(session.answer(command)));
        assert!(!shown(&session, hidden), "{}", session.screen(80));
        assert!(session.sentence().starts_with("What is the "));
        let words = words(session.answer(guess));
        assert!(words.contains(answer), "{guess}: {words}");
        let after = words.lines().next().unwrap();
        assert!(after.starts_with("right") || !shown(&session, " ?\n"), "{words}");
    }
    let score = "predictions right: value 1 of 2, local derivative 0 of 2, product 2 of 6\n";
    assert_eq!(session.score(), score);
    session.answer("g 4");
    let words_of_seed = words(session.answer("?"));
    assert_eq!(words_of_seed, "the seed is 1, whatever was computed: press n\n");
    session.answer("g 7");

    // On the last frame as well, going on without an answer shows the product.
    session.answer("?");
    assert!(matches!(session.answer("n"), Answer::Screen));
    assert!(session.screen(80).contains("=     0.1230670414"));

    let tape = tensor::Tape::new();
    let trace = tape.var(tensor::Tensor::zeros(2, 1)).sum().trace();
    let mut session = Session::new(&trace);
    session.answer("g 4");
    assert_eq!(words(session.answer("?")), "one number can be predicted, not a matrix\n");
}

/// Right is what the product is when it is rounded to the digits that were typed.
#[test]
fn predictions_are_rounded_as_they_were_typed() {
    let judged = |product: f64, guess: &str| {
        let tape = Tape::new();
        let trace = (tape.var(1.0) * product).trace();
        let mut session = Session::new(&trace);
        session.answer("g 4");
        words(session.answer(&format!("? {guess}"))).starts_with("right: ")
    };
    let product = -0.182_425_523_806;
    for right in ["-0.18", "-0.182", "-.1824", "-1.8e-1", "-0.18E0", "-0.1824255", "-182.4e-3"] {
        assert!(judged(product, right), "{right}");
    }
    // Too few digits, cut where it rounds up, a digit too many, the sign.
    for wrong in ["-0.2", "-0", "-0.19", "-0.183", "-0.1820", "-0.18242", "-1.82", "0.18"] {
        assert!(!judged(product, wrong), "{wrong}");
    }
    for (product, right) in [
        (-1.0, "-1"),
        (-1.0, "-1.0"),
        (0.5, "0.5"),
        (0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (0.125, "0.12"),
        (0.125, "0.13"),
        (9.96, "10"),
        (f64::INFINITY, "inf"),
    ] {
        assert!(judged(product, right), "{right} for {product}");
    }
    for (product, wrong) in [
        (-1.01, "-1"),
        (0.51, "0.5"),
        (1e-5, "0.00"),
        (123.0, "120"),
        (f64::INFINITY, "7"),
        (f64::INFINITY, "7.5"),
        (f64::NAN, "7.5"),
    ] {
        assert!(!judged(product, wrong), "{wrong} for {product}");
    }
}

proptest! {
    #![proptest_config(config(16, 64))]

    /// Forward, then back as many frames: the same screen.
    #[test]
    fn back_is_where_one_came_from(
        start in 0..40_usize, steps in 1..40_usize, width in 1..120_usize, count in 1..9_usize,
    ) {
        let tape = Tape::new();
        let x = tape.var(0.3).named("x");
        let mut y = x;
        for k in 0..count {
            y = if k % 2 == 0 { y * x } else { (y + k as f64).tanh() };
        }
        let trace = y.trace();
        let start = start.min(trace.frames.len() - 1);
        let steps = steps.min(trace.frames.len() - 1 - start);
        let mut session = Session::new(&trace);
        session.answer(&format!("g {}", start + 1));
        let before = session.screen(width);
        (0..steps).for_each(|_| drop(session.answer("n")));
        (0..steps).for_each(|_| drop(session.answer("p")));
        prop_assert_eq!(session.screen(width), before);
        for line in session.screen(width).lines() {
            prop_assert!(line.chars().count() <= width, "{}", line);
        }
    }
}

#[test]
fn ten_thousand_nodes() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let mut y = x;
    (0..10_000).for_each(|_| y = y * 1.0001);
    let trace = y.trace();
    let start = std::time::Instant::now();
    for index in [0, 5000, 10_001, 15_000, 20_000] {
        assert!(frame(&trace, index, 80).lines().count() <= 24);
    }
    assert!(start.elapsed().as_secs() < 5, "a frame took {:?}", start.elapsed() / 5);
}

/// Of a long tape the neighbours of a node: inputs with their values, later nodes without.
#[test]
fn neighbours_do_not_tell_what_comes() {
    let tape = Tape::new();
    let mut y = tape.var(0.5).named("x");
    (0..20).for_each(|_| y = y + 1.0);
    let screen = frame(&y.trace(), 5, 80);
    assert!(screen.contains(" #4 = 4.5 -----[#5 = add]----- #6\n"), "{screen}");
    let screen = frame(&y.trace(), 22 + 15, 80);
    assert!(screen.contains(" #4 = 4.5 <====[#5 = add]----- #6\n"), "{screen}");

    let many: Vec<_> = (0..20).map(|k| tape.var(f64::from(k))).collect();
    let screen = frame(&tape.sum(&many).trace(), 40, 80); // back to the last but one
    assert!(screen.contains("and 14 more inputs\n") && screen.contains("<"), "{screen}");
}

/// The command line that steps, for a shell.
fn step() -> String {
    format!("{} step", env!("CARGO_BIN_EXE_chainrule"))
}

fn piped(arguments: &[&str], commands: impl AsRef<[u8]>) -> (Option<i32>, String, String) {
    let mut child = chainrule()
        .arg("step")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(commands.as_ref()); // it may have quit
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn through_a_pipe() {
    let (code, out, _) = piped(&[], "n\nb\nn\n?\n-0.36\nq\nn\n");
    assert_eq!(code, Some(0));
    let (before, after) = out.split_once("rounded to two digits or more ").unwrap();
    assert_eq!(before.matches(" frame ").count(), 5, "{out}"); // 1, 2, seed, back, hidden
    assert!(before.contains("=                ?\n") && !after.contains("?\n"), "{out}");
    assert!(after.contains("=               -1\n"), "{out}"); // once answered, the product
    assert!(
        out.ends_with("it is -1; yours is off by 0.64\npredictions right: product 0 of 1\n"),
        "{out}"
    );
    assert!(!out.contains('\x1b'));

    let (code, out, _) = piped(&["--all"], "");
    assert_eq!((code, out.matches(" frame ").count()), (Some(0), 22));
    assert!(out.lines().all(|line| line.chars().count() <= 80) && !out.contains('\x1b'));
    let (_, out, _) = piped(&["--all", "--batch"], "");
    assert!(out.contains("[Z = add]") && out.lines().all(|line| line.chars().count() <= 80));
    let (_, out, _) = piped(&["--all", "--linear"], "");
    assert_eq!(out.lines().filter(|line| line.starts_with("Frame ")).count(), 22);
    // Colours say what brackets, words and minus signs say as well.
    let (_, out, _) = piped(&["--color", "always", "--all"], "");
    for (code, text) in [("1;33", "[a]"), ("32", "FORWARD "), ("35", "BACKWARD")] {
        assert!(out.contains(&format!("\x1b[{code}m{text}\x1b[0m")), "{text}");
    }
    for (code, text) in [("94", "1"), ("38;5;208", "-0.1824"), ("38;5;208", "-1.2231301601")] {
        assert!(out.contains(&format!("\x1b[{code}m{text}\x1b[0m")), "{text}");
    }
    assert!(
        out.lines()
            .all(|line| !line.contains(" | ") || !line.contains("let ") || !line.contains('\x1b'))
    );

    for wrong in [&["--oops"] as &[_], &["--color"], &["--color", "red"], &["x", "y"]] {
        let (code, out, err) = piped(wrong, "");
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(err.starts_with("error: ") && err.contains("usage: "), "{err}");
    }
    for (wrong, hint) in [
        ("--color=red", "error: --color needs auto, always or never, not `red`\n"),
        ("--all=yes", "error: --all takes no value: write --all\n"),
    ] {
        let (_, _, err) = piped(&[wrong], "");
        assert!(err.starts_with(hint), "{err}");
    }
}

#[test]
fn bytes_that_are_no_text_do_not_end_it() {
    let (code, out, err) = piped(&[], b"n\n\xe9\nn\n");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.matches(" frame ").count(), 3, "{out}");
}

/// Runs a shell line in a terminal of its own; sends each text of `keys` once the one before it
/// was answered by some output. None where there is no `script`.
fn in_a_terminal(line: &str, keys: &[&str]) -> Option<String> {
    let started = Command::new("script")
        .args(["-qec", line, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        assert!(!all_tests(), "`script` is missing");
        println!("skipped: there is no `script` command to make a terminal with");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut text = String::new();
    let mut read_until = |text: &mut String, wanted: &str| {
        let mut buffer = [0; 4096];
        let from = text.len();
        while !text[from..].contains(wanted) {
            match stdout.read(&mut buffer) {
                Ok(0) | Err(_) => return false,
                Ok(count) => *text += &String::from_utf8_lossy(&buffer[..count]),
            }
        }
        true
    };
    for key in keys {
        if !read_until(&mut text, "q quit") {
            break;
        }
        let _ = stdin.write_all(key.as_bytes());
        let _ = stdin.flush();
    }
    drop(stdin);
    read_until(&mut text, "\0 never");
    child.wait().unwrap();
    Some(text)
}

/// `stty -g` before and after, with the program between them.
fn around(program: &str) -> String {
    format!("stty -g; {program}; echo; stty -g")
}

#[track_caller]
fn assert_set_back(text: &str) {
    let settings: Vec<&str> = text
        .lines()
        .map(|line| line.trim())
        .filter(|line| line.len() > 40 && line.chars().all(|c| c.is_ascii_hexdigit() || c == ':'))
        .collect();
    assert_eq!(settings.len(), 2, "{text}");
    assert_eq!(settings[0], settings[1], "the terminal was not set back");
}

#[test]
fn keys_in_a_terminal() {
    let step = around(&step());
    // Next by letter, by arrow, in two reads, then to the first frame back, and the end.
    let Some(text) =
        in_a_terminal(&step, &["n", "\x1b[C", "b", "\x1b[D", "7\r", "\x1b[F", "\x1b[1~", "q"])
    else {
        return;
    };
    for place in
        ["frame  1 of", "frame  2 of", "frame  3 of", "frame  13 of", "frame  7 of", "frame  22 of"]
    {
        assert!(text.contains(place), "{place} is missing in\n{text}");
    }
    assert!(text.contains("\x1b[J"), "the frame is drawn in its place");
    assert_set_back(&text);
}

/// The help stands in place of the frame; the next key brings the frame back.
#[test]
fn the_help_does_not_push_the_frame_away() {
    let Some(text) = in_a_terminal(&step(), &["h", "n", "q"]) else { return };
    let (_, help) = text.split_once("n, Enter  the next frame").unwrap();
    assert!(text.split("n, Enter").next().unwrap().ends_with("\x1b[J"), "{text:?}");
    let (rows, after) = help.split_once(" any other key shows the frame again").unwrap();
    let rows = rows.lines().count() + 1;
    assert!(after.contains(&format!("\x1b[{rows}A\x1b[J")), "{rows} {after:?}");
    assert!(after.contains("frame  2 of"));
}

#[test]
fn commands_from_a_pipe_leave_each_frame_on_the_screen() {
    let line = format!("printf 'n\\nn\\n' | {}", step());
    let Some(text) = in_a_terminal(&line, &[]) else { return };
    assert_eq!(text.matches(" frame ").count(), 3, "{text}");
    assert!(!text.contains("\x1b[J"), "a frame was drawn over: {text:?}");
}

#[test]
fn every_exit_sets_the_terminal_back() {
    let step = around(&step());
    for keys in [&["\x03"] as &[_], &["\x04"], &["n"]] {
        let Some(text) = in_a_terminal(&step, keys) else { return }; // the last: end of input
        assert_set_back(&text);
    }
}

#[test]
fn a_panic_sets_the_terminal_back() {
    // The library's own test binary holds the test that panics.
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let test = "view::stepper::terminal::tests::a_panic_sets_the_terminal_back";
    let holds = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        let program = name.starts_with("chainrule-") && path.extension().is_none();
        let list = || Command::new(path).args(["--list", "--ignored"]).output().unwrap().stdout;
        program && String::from_utf8_lossy(&list()).contains(test)
    };
    let binary = all.filter(holds).max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    let Some(binary) = binary else {
        assert!(!all_tests(), "no unit tests were built");
        println!("skipped: the library's unit tests are not built");
        return;
    };
    let line = format!("{} --ignored --exact {test} --nocapture", binary.display());
    let Some(text) = in_a_terminal(&around(&line), &[]) else { return };
    assert!(text.contains("on purpose"), "{text}");
    assert_set_back(&text);
}

#[test]
fn no_escapes_where_they_are_not_wanted() {
    for variable in ["NO_COLOR=1", "TERM=dumb"] {
        let line = format!("{variable} {}", step());
        let Some(text) = in_a_terminal(&line, &["n", "q"]) else { return };
        assert!(text.contains("frame  2 of") && !text.contains('\x1b'), "{variable}: {text:?}");
    }
}
