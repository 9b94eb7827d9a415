//! The command `chainrule`: it never panics, fits on a screen, says what its numbers mean, and ends in
//! order whatever it is written to.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read;
use std::process::{Command, Stdio};

use chainrule::program::Arguments;

use crate::common::{all_tests, project};

#[allow(dead_code)] // `run` of the parts that only the binary calls
#[path = "../../src/commands/mod.rs"]
pub mod code;

/// The command with these arguments: its output, or what it says is wrong.
pub fn answer(arguments: &[impl AsRef<OsStr>]) -> Result<String, String> {
    answer_os(arguments.iter().map(OsString::from).collect())
}

fn answer_os(arguments: Vec<OsString>) -> Result<String, String> {
    let mut out = vec![];
    match code::run(&mut out, Arguments::new(arguments)) {
        Ok(_) => Ok(String::from_utf8(out).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

/// The words of a line in which `~` stands between them.
pub fn words(line: &str) -> Vec<OsString> {
    line.split('~').map(OsString::from).collect()
}

/// `model` with these arguments.
fn model(arguments: &[&str]) -> Result<String, String> {
    answer(&[&["model"], arguments].concat())
}

/// The binary.
pub fn chainrule() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chainrule"));
    command.current_dir(project()).env_remove("NO_COLOR");
    command
}

/// What cannot be read first is written all the same.
#[test]
#[cfg(target_os = "linux")]
fn a_page_into_a_pipe() {
    let command = ["20", env!("CARGO_BIN_EXE_chainrule"), "explore", "--out", "/dev/stdout"];
    let output = Command::new("timeout").args(command).output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"<!doctype html>"));
}

const CANCEL: &str =
    "AGREE\nWhere terms cancel, the last digits are rounding; the verdict goes by term size.\n";

#[test]
fn every_data_set_fits_on_a_screen() {
    for (name, balance, always) in [
        ("penguins_sex", "label male: 168 are 1, 165 are 0", "baseline (always 1): 50.4 %"),
        ("challenger_orings", "label distress: 7 are 1, 16 are 0", "baseline (always 0): 66.7 %"),
        ("wdbc_full30_malignant", "label malignant: 212 are 1, 357 are 0", "(always 0): 63.5 %"),
        ("iris_setosa_vs_versicolor", "label versicolor: 50 are 1, 50 are 0", "(always 0): 50.0 %"),
        ("hours_studied_wikipedia", "label passed: 10 are 1, 10 are 0", "(always 1): 56.2 %"),
    ] {
        if name.starts_with("wdbc") && !all_tests() {
            continue; // 30 features train for seconds without optimisation
        }
        let screen = model(&[&format!("examples/data/{name}.csv")]).unwrap();
        let most = if name.starts_with("wdbc") { 51 } else { 41 };
        assert!(screen.lines().count() < most, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        for part in [balance, always, "\nverdict: AGREE", "\ncost after iteration  2000: ", CANCEL]
        {
            assert!(screen.contains(part), "{part:?} is missing:\n{screen}");
        }
        assert!(!screen.contains("NaN") && !screen.contains("inf"), "{screen}");
        // Whoever is better than the baseline has learned something.
        let costs: Vec<f64> = screen
            .lines()
            .filter(|line| line.starts_with("cost after"))
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(costs.is_sorted_by(|earlier, later| earlier >= later), "{screen}");
    }
}

#[test]
fn text_labels_and_left_out_columns() {
    let rows = (0..40).map(|k| format!("p{k};{};{}\n", k, if k < 20 { "no" } else { "yes" }));
    let text = "id;hours;passed\n".to_string() + &rows.collect::<String>();
    let path = std::env::temp_dir().join(format!("chainrule-{}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let refused = model(&[path]).unwrap_err();
    let screen = model(&[path, "--without", "id", "--label", "passed", "--iterations", "50"]);
    std::fs::remove_file(path).unwrap();
    assert!(refused.starts_with("column `id` holds text"), "{refused}");
    assert!(refused.ends_with("\n try: add --without \"id\""), "{refused}");
    let screen = screen.unwrap();
    assert!(screen.contains("label passed: 20 are yes, 20 are no\n"), "{screen}");
    assert!(screen.contains("the node learns yes as 1 and no as 0\n"), "{screen}");
    assert!(screen.contains("\n  hours  "), "{screen}");
}

/// At the minimum, differences cannot tell the derivatives from 0.
#[test]
fn derivatives_that_differences_do_not_resolve() {
    let file = "examples/data/hours_studied_wikipedia.csv";
    let screen = model(&[file, "--learning-rate=2", "--iterations=2000"]).unwrap();
    let (start, end) = screen.split_once("The gradient after").unwrap();
    assert_eq!((start.matches("too small").count(), end.matches("too small").count()), (0, 2));
    assert!(end.contains("  too small  AGREE\n"), "{screen}");
}

#[test]
fn no_iterations_are_a_run_as_well() {
    let screen = model(&["--iterations", "0"]).unwrap();
    assert!(screen.contains("cost after iteration     0: 0.693147"), "{screen}");
    assert_eq!(screen.matches("cost after").count(), 1);
    assert!(!screen.contains("cancel"), "nothing cancels:\n{screen}");
    for iterations in ["1", "4", "5", "9", "11"] {
        let screen = model(&["--iterations", iterations]).unwrap();
        assert!(screen.matches("cost after").count() <= 6, "{screen}");
    }
}

/// The screen of a run on a file of this text.
fn screen_of(name: &str, text: &str) -> Result<String, String> {
    let path = std::env::temp_dir().join(format!("chainrule-{name}-{}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let screen = model(&[path.to_str().unwrap()]);
    std::fs::remove_file(path).unwrap();
    screen
}

#[test]
fn one_class_is_told() {
    let refused = screen_of("all-0", "x,y\n1,0\n2,0\n3,0\n").unwrap_err();
    assert!(refused.starts_with("the label `y` has the same value in all rows"), "{refused}");
    // Wherever the one example of class 1 stands, a fifth of five is to test with.
    let said = "all examples to train on are 0: there is no other class to learn\n";
    let told = (0..5).filter(|&one| {
        let rows = (0..5).map(|k| format!("{k},{}\n", u8::from(k == one)));
        let screen = screen_of("one", &format!("x,y\n{}", rows.collect::<String>())).unwrap();
        assert!(screen.contains(": 5 examples, 1 feature\n"), "{screen}");
        screen.contains(said)
    });
    assert_eq!(told.count(), 1);
    let refused = screen_of("two", "x,y\n1,0\n2,1\n").unwrap_err();
    assert!(refused.contains(" in the only example\n"), "{refused}");
}

#[test]
fn options_with_an_equals_sign() {
    let apart = model(&["--learning-rate", "0.05", "--iterations", "9", "--label", "male"]);
    let joined = model(&["--learning-rate=0.05", "--iterations=9", "--label=male"]);
    assert_eq!(joined.unwrap(), apart.unwrap());
}

#[test]
fn a_cost_that_rose_is_told() {
    let said = "the cost rose, as the steps are too long: try a smaller --learning-rate\n";
    assert!(model(&["--learning-rate", "1000"]).unwrap().contains(said));
    for rate in ["0.05", "1"] {
        assert!(!model(&["--learning-rate", rate]).unwrap().contains(said));
    }
    assert!(!model(&["--iterations", "0"]).unwrap().contains(said));
}

/// Steps that are far too long: huge numbers, or none, and still a screen.
#[test]
fn a_learning_rate_that_is_far_too_large() {
    for rate in ["1e9", "1e307", "1.7e308"] {
        let screen = model(&["--learning-rate", rate, "--iterations", "200"]).unwrap();
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    }
}

#[test]
fn bad_arguments_and_files_are_told() {
    for (arguments, what) in [
        (&["--iterations"][..], "--iterations needs a whole number"),
        (&["--label"], "--label needs a name\n"),
        (
            &["--label", "--without"],
            "--label needs a name; if --without is one: --label=--without\n",
        ),
        (&["--label=--without"], "no column is named `--without`"),
        (&["--iterations=x"], "--iterations needs a whole number, not `x`"),
        (&["--lable", "x"], "there is no option --lable; did you mean --label?\n"),
        (
            &["--learning_rate=1"],
            "there is no option --learning_rate; did you mean --learning-rate?\n",
        ),
        (&["--iterations", "-3"], "--iterations needs a whole number, not `-3`"),
        (&["--iterations", "99999999999999999999"], "--iterations needs a whole number, not"),
        (&["--iterations", "1", "--iterations", "2"], "--iterations can be given once only"),
        (&["--label", "a", "--label", "b"], "--label can be given once only"),
        (&["--learning-rate", "fast"], "--learning-rate needs a number, not `fast`"),
        (&["--learning-rate", "-1"], "the learning rate must be a positive finite number, not -1"),
        (
            &["--learning-rate", "inf"],
            "the learning rate must be a positive finite number, not inf",
        ),
        (&["--itrations=9"], "there is no option --itrations; did you mean --iterations?\n"),
        (&["--rate", "1"], "there is no option --rate; did you mean --learning-rate?\n"),
        (&["--frob"], "there is no option --frob\n"),
        (&["-frob"], "there is no option -frob"),
        (&["a.csv", "b.csv"], "a file can be given once only"),
        (&["nowhere.csv"], "cannot read nowhere.csv: "),
        (&["examples"], "cannot read examples: "),
        (&["LICENSE-MIT"], "there is one column only"),
        (&["--label", "body"], "no column is named `body`"),
        (&["--without", "Male"], "no column to leave out is named `Male`"),
    ] {
        let error = model(arguments).unwrap_err();
        assert!(error.starts_with(what), "{arguments:?}: {error}");
    }
    assert!(model(&["--help"]).unwrap().starts_with("usage: "));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || OsString::from_vec(b"na\xefve.csv".to_vec());
    assert!(answer_os(vec!["model".into(), bytes()]).unwrap_err().starts_with("cannot read na"));
    let error = answer_os(vec!["model".into(), "--label".into(), bytes()]).unwrap_err();
    assert!(error.contains("is not UTF-8"), "{error}");
    assert!(model(&["/dev/null"]).unwrap_err().starts_with("the file is empty"));
}

/// How a run ends: its exit code and what it says on stderr.
fn end(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Each command, and each way to its end: all of its output, its help, and a fault.
const RUNS: [&[&str]; 9] = [
    &[],
    &["--help"],
    &["model", "--iterations", "1"],
    &["model", "--help"],
    &["step", "--all"],
    &["step", "--help"],
    &["explore", "--help"],
    &["explore", "--out", "/dev/null"],
    &["model", "nowhere.csv"],
];

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_quietly() {
    for arguments in RUNS {
        let mut child = chainrule()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = child.wait().unwrap().code();
        match arguments.contains(&"nowhere.csv") {
            false => assert_eq!((code, said.as_str()), (Some(0), ""), "{arguments:?}"),
            true => assert_eq!(code, Some(2)),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for arguments in RUNS.into_iter().filter(|arguments| !arguments.contains(&"nowhere.csv")) {
        let (code, said) = end(chainrule().args(arguments).stdout(full()));
        assert_eq!(code, Some(2), "{arguments:?}");
        let told = "error: cannot write the output: No space left on device";
        assert!(said.starts_with(told), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // Where nothing can be said at all, the code remains.
    let mut silent = chainrule();
    silent.arg("--help").stdout(full()).stderr(full()).stdin(Stdio::null());
    assert_eq!(silent.status().unwrap().code(), Some(2));
}

#[test]
fn exit_codes() {
    for (arguments, code) in [
        (&["model", "--iterations", "0"][..], 0),
        (&["help"], 0),
        (&["frob"], 2),
        (&["model", "x"], 2),
    ] {
        assert_eq!(end(chainrule().args(arguments).stdout(Stdio::null())).0, Some(code));
    }
}

/// Escapes are nowhere but in a terminal, and help is plain text.
#[test]
fn no_escapes_in_a_pipe() {
    for arguments in RUNS {
        let output = chainrule().args(arguments).stdin(Stdio::null()).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        assert!(!all.contains(&0x1b), "{arguments:?}");
        let text = String::from_utf8(all).unwrap();
        assert!(
            text.lines().all(|line| line.chars().count() <= 80 || line.contains("/")),
            "{text}"
        );
    }
}

/// Every example begins and ends as the command does; what that means is shown above.
#[test]
fn examples_end_as_the_command_does() {
    let mut count = 0;
    for entry in fs::read_dir(project().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(code) = fs::read_to_string(&path) else { continue };
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let (_, main) = code.split_once("\nfn main() -> ExitCode {\n").expect("a main");
        let first = main.lines().next().unwrap().trim().trim_start_matches("chainrule::");
        let shared = [
            "program::lesson(run)",
            "program::run(|out, mut arguments| {",
            "program::run(|out, arguments| {",
        ];
        assert!(shared.contains(&first), "{path:?}: {first}");
        for bare in ["println!", "print!", "args_os", "env::args", "process::exit"] {
            assert!(!code.contains(bare), "{path:?} has {bare}");
        }
        count += 1;
    }
    assert!(count >= 20);
}
