//! The main example never panics, fits on a screen, and says what its numbers mean.

use std::ffi::OsString;

use crate::examples::model;

fn answer(arguments: &[&str]) -> Result<String, String> {
    answer_os(arguments.iter().map(OsString::from).collect())
}

fn answer_os(arguments: Vec<OsString>) -> Result<String, String> {
    let mut out = vec![];
    match model::answer(&mut out, arguments.into_iter()) {
        Ok(()) => Ok(String::from_utf8(out).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

const CANCEL: &str =
    "AGREE\nWhere terms cancel, the last digits are rounding; the verdict goes by term size.\n";

#[test]
fn every_data_set_fits_on_a_screen() {
    for (name, balance, always) in [
        ("penguins_sex", "label male: 168 are 1, 165 are 0", "who always answers 1: 50.4 %"),
        ("challenger_orings", "label distress: 7 are 1, 16 are 0", "who always answers 0: 66.7 %"),
        ("wdbc_full30_malignant", "label malignant: 212 are 1, 357 are 0", "answers 0: 63.5 %"),
        ("iris_setosa_vs_versicolor", "label versicolor: 50 are 1, 50 are 0", "answers 0: 50.0 %"),
        ("hours_studied_wikipedia", "label passed: 10 are 1, 10 are 0", "answers 1: 56.2 %"),
    ] {
        let screen = answer(&[&format!("examples/data/{name}.csv")]).unwrap();
        assert!(screen.lines().count() < 40, "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
        for part in [balance, always, "\nverdict: AGREE", "\ncost after iteration  2000: ", CANCEL]
        {
            assert!(screen.contains(part), "{part:?} is missing:\n{screen}");
        }
        assert!(!screen.contains("NaN") && !screen.contains("inf"), "{screen}");
        // Whoever is better than who always answers the same has learned something.
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
    let refused = answer(&[path]).unwrap_err();
    let screen = answer(&[path, "--without", "id", "--label", "passed", "--iterations", "50"]);
    std::fs::remove_file(path).unwrap();
    assert!(refused.starts_with("`p0` is not a number"), "{refused}");
    assert!(refused.ends_with("leave the column out: --without \"id\""), "{refused}");
    let screen = screen.unwrap();
    assert!(screen.contains("label passed: 20 are yes, 20 are no\n"), "{screen}");
    assert!(screen.contains("the node learns yes as 1 and no as 0\n"), "{screen}");
    assert!(screen.contains("that of hours\n"), "{screen}");
}

#[test]
fn no_iterations_are_a_run_as_well() {
    let screen = answer(&["--iterations", "0"]).unwrap();
    assert!(screen.contains("cost after iteration     0: 0.693147"), "{screen}");
    assert_eq!(screen.matches("cost after").count(), 1);
    assert!(!screen.contains("largest weight"), "all weights are 0:\n{screen}");
    for iterations in ["1", "4", "5", "9", "11"] {
        let screen = answer(&["--iterations", iterations]).unwrap();
        assert!(screen.matches("cost after").count() <= 6, "{screen}");
    }
}

/// The screen of a run on a file of this text.
fn screen_of(name: &str, text: &str) -> Result<String, String> {
    let path = std::env::temp_dir().join(format!("chainrule-{name}-{}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let screen = answer(&[path.to_str().unwrap()]);
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
    let apart = answer(&["--learning-rate", "0.05", "--iterations", "9", "--label", "male"]);
    let joined = answer(&["--learning-rate=0.05", "--iterations=9", "--label=male"]);
    assert_eq!(joined.unwrap(), apart.unwrap());
}

#[test]
fn a_cost_that_rose_is_told() {
    let said = "the cost rose, as the steps are too long: try a smaller --learning-rate\n";
    assert!(answer(&["--learning-rate", "1000"]).unwrap().contains(said));
    for rate in ["0.05", "1"] {
        assert!(!answer(&["--learning-rate", rate]).unwrap().contains(said));
    }
    assert!(!answer(&["--iterations", "0"]).unwrap().contains(said));
}

/// Steps that are far too long: huge numbers, or none, and still a screen.
#[test]
fn a_learning_rate_that_is_far_too_large() {
    for rate in ["1e9", "1e307", "1.7e308"] {
        let screen = answer(&["--learning-rate", rate, "--iterations", "200"]).unwrap();
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
        (&["--lable", "x"], "there is no option --lable; there is --label\n"),
        (&["--learning_rate=1"], "there is no option --learning_rate; there is --learning-rate\n"),
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
        (&["--frob"], "there is no option --frob\n"),
        (&["a.csv", "b.csv"], "a file can be given once only"),
        (&["nowhere.csv"], "cannot read nowhere.csv: "),
        (&["examples"], "cannot read examples: "),
        (&["LICENSE-MIT"], "there is one column only"),
        (&["--label", "body"], "no column is named `body`"),
        (&["--without", "Male"], "no column to leave out is named `Male`"),
    ] {
        let error = answer(arguments).unwrap_err();
        assert!(error.starts_with(what), "{arguments:?}: {error}");
    }
    assert!(answer(&["--help"]).unwrap().starts_with("usage: "));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || OsString::from_vec(b"na\xefve.csv".to_vec());
    assert!(answer_os(vec![bytes()]).unwrap_err().starts_with("cannot read na"));
    let error = answer_os(vec!["--label".into(), bytes()]).unwrap_err();
    assert!(error.contains("is not UTF-8"), "{error}");
    assert!(answer(&["/dev/null"]).unwrap_err().starts_with("the file is empty"));
}

/// A pipe whose reader has gone.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_an_error_that_main_knows() {
    let error = model::answer(&mut Closed, std::iter::empty()).unwrap_err();
    let error = error.downcast_ref::<std::io::Error>().expect("an error of the output");
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
}
