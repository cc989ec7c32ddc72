//! The exercises of the real stages: all red at first, each green with our body, in order; and typical mistakes are
//! recognised. Each stage is built twice: as a learner gets it, and with a switch in the place of each `todo!`.

use crate::common::in_order;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn notebook_00() {
    judge_all(
        "nb00_testing",
        &[
            (
                "testing::test",
                "{ if cmp(a, b) { let [a, b] = side_by_side(a, b); panic!(\"{cname}:\\n{a}\\n{b}\"); } }",
                "fails when the comparison says yes",
            ),
            ("testing::test", "{ if !cmp(a, b) { panic!(\"{cname}\") } }", "without the values"),
            ("testing::test", "{}", "never fails"),
            (
                "testing::close",
                "{ let (a, b): (f64, f64) = (a.into(), b.into()); a == b || a - b <= atol + rtol * b.abs() }",
                "without its absolute value",
            ),
            (
                "testing::close",
                "{ let (a, b): (f64, f64) = (a.into(), b.into()); a == b || (a - b).abs() <= atol + rtol * a.abs() }",
                "measured by `a`",
            ),
            (
                "testing::close",
                "{ let (a, b): (f64, f64) = (a.into(), b.into()); !((a - b).abs() > atol + rtol * b.abs()) }",
                "NaN near itself",
            ),
            (
                "testing::test_near_zero",
                "{ let a: f64 = a.into(); assert!(a <= tol, \"near zero (within {tol}):\\n{a}\"); }",
                "whatever is negative passes",
            ),
            ("testing::relative", "{ norm(a, b, |a, b| a - b) }", "not divided by anything"),
        ],
    );
}

#[test]
fn notebook_01() {
    const LOOPS: &str = "{ let (m, k, n) = sizes(\"loops\", a, b); let mut c = Array2::zeros((m, n)); \
        for i in 0..m { for j in 0..n { for k in 0..k { STEP; } } } c }";
    let loops = |step: &str| LOOPS.replace("STEP", step);
    let broadcast = |axis: usize, sum: usize| {
        format!(
            "{{ let (m, _, n) = sizes(\"broadcast\", a, b); let mut c = Array2::zeros((m, n)); \
            for (a_row, mut c_row) in a.rows().into_iter().zip(c.rows_mut()) {{ \
            c_row.assign(&(&a_row.insert_axis(Axis({axis})) * &b.view()).sum_axis(Axis({sum}))); }} c }}"
        )
    };
    judge_all(
        "nb01_matmul",
        &[
            ("ladder::loops", &loops("c[[i, j]] = a[[i, k]] * b[[k, j]]"), "overwritten"),
            ("ladder::loops", &loops("c[[i, j]] += a[[i, k]] * b[[j, k]]"), "a transpose that was forgotten"),
            ("ladder::loops", &loops("c[[j, i]] += a[[i, k]] * b[[k, j]]"), "the result transposed"),
            ("ladder::loops", &loops("if k > 0 { c[[i, j]] += a[[i, k]] * b[[k, j]] }"), "begins at 1"),
            ("ladder::elementwise", "{ (&(a.dot(b))) / a.ncols() as f32 }", "a mean instead of a sum"),
            ("ladder::elementwise", "{ a * b }", "a * b is not a @ b"),
            ("ladder::elementwise", "{ a.dot(b) * 2.0 }", "a factor 2"),
            ("ladder::broadcast", &broadcast(0, 0), "`a[i, None]`"),
            ("ladder::broadcast", &broadcast(1, 1), "wrong axis"),
            (
                "broadcasting::broadcast_shapes",
                "{ Ok(shapes.iter().max_by_key(|shape| shape.len()).map(|shape| shape.to_vec()).unwrap_or_default()) }",
                "the longest shape",
            ),
            (
                "einsum::einsum_loops",
                "{ let operands = views(operands); let (inputs, output) = checked(subscripts, &operands); \
            let terms: Vec<&str> = inputs.split(',').collect(); let sizes = letter_sizes(&terms, &operands); \
            let shape: Vec<usize> = output.chars().map(|letter| sizes[&letter]).collect(); let mut out = ArrayD::zeros(&*shape); \
            let (letters, all): (String, Vec<usize>) = sizes.into_iter().unzip(); for index in indices(all) { \
            let value = |letter| index[letters.find(letter).unwrap()]; let mut product = T::one(); \
            for (term, operand) in terms.iter().zip(&operands) { product *= operand[element(term, operand.shape(), value)]; } \
            out[element(output, &shape, value)] = product; } out }",
                "overwritten",
            ),
        ],
    );
}

#[test]
fn notebook_02() {
    judge_all(
        "nb02_fully_connected",
        &[
            (
                "stats::Stats::of",
                "{ let all = moments(x.view().into_dyn()); Stats { len: x.len(), mean: all.sum / all.len, std: (all.squares / all.len).sqrt() } }",
                "a division by n",
            ),
            (
                "normalize::normalize",
                "{ x.mapv(|x| (x - m as f32) / (s * s) as f32) }",
                "division by the variance",
            ),
            ("functions::lin", "{ matmul(x, w) }", "a bias that was forgotten"),
            ("functions::lin", "{ matmul(x, &w.t()) + b }", "PyTorch's layout"),
            ("init::xavier", "{ randn((m, nh), rng) / (nh as f32).sqrt() }", "fan in and fan out exchanged"),
            (
                "init::kaiming",
                "{ randn((m, nh), rng) * (2.0 / nh as f32).sqrt() }",
                "fan in and fan out exchanged",
            ),
            ("init::kaiming", "{ randn((m, nh), rng) / (m as f32).sqrt() }", "the factor 2 forgotten"),
            (
                "functions::relu",
                "{ x.mapv(|x| if x > T::zero() { x } else { T::zero() }) }",
                "NaN turned to 0",
            ),
            (
                "functions::mse",
                "{ let d = &output.view() - &targ.view(); let n = d.len() as f64; T::narrow(d.iter().map(|&d| { let d: f64 = d.into(); d * d }).sum::<f64>() / n) }",
                "every output against every target",
            ),
            (
                "functions::mse",
                "{ T::narrow(par::squared_distance(&squeeze(output, -1), targ)) }",
                "a sum instead of a mean",
            ),
            (
                "functions::mse_grad",
                "{ let scale = T::narrow(1.0 / targ.len() as f64); par::scaled_difference(&squeeze(output, -1), targ, scale).insert_axis(Axis(1)) }",
                "the factor 2 forgotten",
            ),
            (
                "functions::relu_grad",
                "{ inp.mapv(|x| if x > T::zero() { T::one() } else { T::zero() }) }",
                "a mask alone",
            ),
            (
                "functions::lin_grad",
                "{ let (w_g, b_g) = lin_param_grads(inp, out_g); let n = T::narrow(inp.nrows() as f64); LinGrad { inp: matmul(out_g, &w.t()), w: w_g.mapv(|x| x / n), b: b_g } }",
                "a mean over the rows instead of a sum",
            ),
            (
                "functions::lin_grad",
                "{ let (w_g, b_g) = lin_param_grads(inp, out_g); LinGrad { inp: matmul(out_g, w), w: w_g, b: b_g } }",
                "out_g @ w",
            ),
            (
                "functions::forward_and_backward",
                "{ let l1 = lin(inp, &net.w1, &net.b1); let l2 = shifted_relu(&l1, net.shift); let out = lin(&l2, &net.w2, &net.b2); \
            let loss = mse(&out, targ); let out_g = mse_grad(&out, targ); let lin2 = lin_grad(&l2, &net.w2, &out_g); \
            let l1_g = relu_grad(&l2, &lin2.inp); let lin1 = lin_grad(inp, &net.w1, &l1_g); \
            (loss, Grads { x: lin1.inp, w1: lin1.w, b1: lin1.b, w2: lin2.w, b2: lin2.b }) }",
                "in-place ReLU",
            ),
        ],
    );
}

#[test]
fn notebook_02a() {
    judge_all(
        "nb02a_why_sqrt5",
        &[
            ("conv::out_size", "{ (size + padding - kernel) / stride + 1 }", "padding on one side only"),
            ("conv::out_size", "{ (size + 2 * padding - kernel) / stride }", "`+ 1` that is missing"),
            (
                "kaiming2::Fans::get",
                "{ self.rec_fs * match fan { Fan::In => self.nf, Fan::Out => self.ni } }",
                "fan in and fan out exchanged",
            ),
            (
                "kaiming2::kaiming2",
                "{ let terms = Fans::of(w.shape()).get(fan); let bound = (gain(a) / (terms as f64).sqrt()) as f32; \
            w.assign(&rand(w.raw_dim(), rng).mapv(|u| (2.0 * u - 1.0) * bound)); }",
                "taken for the bound",
            ),
        ],
    );
}

#[test]
fn notebook_02b() {
    judge_all(
        "nb02b_initializing",
        &[(
            "explosion::expected_end",
            "{ (f64::from(f32::MAX).ln() / growth.ln()).abs() }",
            "the upper end for both",
        )],
    );
}

/// As a learner goes: red, a wrong answer, the right one, a lost file of progress, and one that breaks again.
#[test]
fn a_learner_of_notebook_00() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let temporary = tempfile::Builder::new().prefix("ein Übungs folder ").tempdir().unwrap();
    let folder = temporary.path().join("nb00_testing");
    let practice = |args: &[&str]| {
        let to = ["--to", folder.to_str().unwrap()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = command
            .arg("practice")
            .args(args)
            .args(to)
            .current_dir(root)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let file = folder.join("src/testing.rs");
    let edit = |old: &str, new: &str| {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old}");
        fs::write(&file, text.replace(old, new)).unwrap();
    };
    assert_eq!(practice(&["nb00"]).0, Some(0));
    let (code, out, err) = practice(&["try"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(
        out.starts_with("to do: exercise 1, testing::test: ") && out.contains("src/testing.rs:"),
        "{out}"
    );

    let first = "todo!(\"exercise 1: testing::test, fails unless a comparison says yes\")";
    edit(first, "if !cmp(a, b) { panic!(\"{cname}\") } // mine");
    let (code, out, _) = practice(&["try"]);
    assert_eq!(code, Some(1));
    in_order(
        &out,
        &[
            "not yet: exercise 1, testing::test",
            "expected",
            "got",
            "It looks like a message without the values",
        ],
    );
    edit("panic!(\"{cname}\")", "panic!(\"{cname}:\\n{a:?}\\n{b:?}\")");
    let (code, out, err) = practice(&["try"]);
    assert_eq!(code, Some(0), "{out}{err}");
    in_order(&out, &["exercise 1, testing::test", "1 of 5 done", "next: exercise 2, testing::test_eq"]);

    fs::write(folder.join("progress.json"), "{ half").unwrap();
    let (code, out, err) = practice(&[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("so the tests say what is done") && out.contains("1 of 5 done"), "{err}{out}");

    let second = "todo!(\"exercise 2: testing::test_eq, the comparison that every notebook uses first\")";
    edit(second, "test(a, b, |a, b| a == b, \"==\")");
    edit("// mine", "; panic!(\"always\")");
    let (code, out, _) = practice(&["try"]);
    assert_eq!(code, Some(1));
    in_order(&out, &["broken again: exercise 1, testing::test", "exercise 2, testing::test_eq"]);
    assert!(practice(&[]).1.contains("next: exercise 1"), "an earlier one that broke again is the next one");

    edit("; panic!(\"always\")", "; std::process::abort()");
    let out = practice(&["try"]).1;
    in_order(&out, &["not yet: exercise 1", "the program ended with signal: 6"]);
    edit("; std::process::abort()", "; let = 3;");
    let (code, out, err) = practice(&["try"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("src/testing.rs:") && err.contains("error: expected pattern"), "{err}");
    assert!(out.contains("it does not compile yet") && !out.contains('\u{1b}'), "{out}");
}

/// A mistake: the exercise, a wrong body, and words of what it looks like.
type Mistake<'a> = (&'a str, &'a str, &'a str);

fn judge_all(stage: &str, mistakes: &[Mistake<'_>]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let temporary = tempfile::Builder::new().prefix("ein Übungs folder ").tempdir().unwrap();
    let folder = temporary.path().join(stage);
    let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["practice", stage, "--to", folder.to_str().unwrap()])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let exercises = with_switches(&folder, &root.join("crates").join(stage), mistakes);
    let [judge, lesson] = build(&folder, root);
    let judges: Vec<(usize, String)> =
        exercises.iter().map(|(n, function)| (*n, function.replace("::", "_").to_lowercase())).collect();
    let run = |done: &str, test: &str| run(&judge, &folder, done, test);
    for (number, test) in &judges {
        let output = run("", test).expect_err("nothing is done yet");
        assert!(output.contains(&format!("not yet implemented: exercise {number}:")), "{test}: {output}");
    }
    let mut done = String::new();
    for (number, _) in &judges {
        done += &format!("{number},");
        for (other, test) in &judges {
            assert_eq!(run(&done, test).is_ok(), other <= number, "{test} with the exercises {done}");
        }
    }
    for section in sections(&root.join("crates").join(stage)) {
        self::run(&lesson, &folder, &done, &section).unwrap_or_else(|output| panic!("{section}: {output}"));
    }
    for (at, (function, _, words)) in mistakes.iter().enumerate() {
        let number = *exercises.iter().find(|(_, name)| name == function).unwrap().0;
        let done: String = (1..number).map(|n| format!("{n},")).collect::<String>() + &format!("mistake{at}");
        let test = &judges.iter().find(|(n, _)| *n == number).unwrap().1;
        let output = run(&done, test).expect_err(words);
        let looks = output.lines().find(|line| line.starts_with("It looks like")).unwrap_or("nothing");
        assert!(looks.contains(words), "{function}: `{words}` is not what it looks like:\n{output}");
    }
}

/// Puts a switch in the place of each `todo!`; returns the exercises' numbers and functions.
fn with_switches(folder: &Path, stage: &Path, mistakes: &[Mistake<'_>]) -> BTreeMap<usize, String> {
    let mut exercises = BTreeMap::new();
    let mut files = vec![];
    files_below(&folder.join("src"), &mut files);
    for file in files {
        let (theirs, ours) = (
            fs::read_to_string(&file).unwrap(),
            fs::read_to_string(stage.join(file.strip_prefix(folder).unwrap())).unwrap(),
        );
        if theirs.contains("todo!(\"exercise ") {
            fs::write(&file, switched(&theirs, &ours, mistakes, &mut exercises)).unwrap();
        }
    }
    exercises
}

/// What stands between two `todo!`s stands in our source, too; what is left there is the bodies.
fn switched(
    theirs: &str,
    ours: &str,
    mistakes: &[Mistake<'_>],
    exercises: &mut BTreeMap<usize, String>,
) -> String {
    let mut pieces = theirs.split("todo!(\"exercise ");
    let mut before = pieces.next().unwrap();
    let mut rest = ours;
    let mut text = String::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let (title, after) = piece.split_once("\")").unwrap();
        let (number, function) = title.split_once(": ").unwrap();
        let (number, function) = (number.parse().unwrap(), function.split(", ").next().unwrap());
        let common = before.trim_end().strip_suffix('{').unwrap();
        rest = rest
            .strip_prefix(common)
            .unwrap_or_else(|| panic!("something else than a body was changed: {common}"));
        text += common;
        let after = after.trim_start().strip_prefix('}').unwrap();
        let end = match pieces.peek() {
            Some(_) => rest.find(after.trim_end().strip_suffix('{').unwrap()),
            None => rest.len().checked_sub(after.len()),
        }
        .unwrap();
        text += &switch(number, function, title, &rest[..end], mistakes);
        rest = &rest[end..];
        before = after;
        exercises.insert(number, function.to_string());
    }
    text + before
}

fn switch(number: usize, function: &str, title: &str, body: &str, mistakes: &[Mistake<'_>]) -> String {
    let on = "let on = |what: &str| std::env::var(\"PRACTICE\").is_ok_and(|all| all.split(',').any(|one| one == what));";
    let mut text = format!("{{ {on} if on(\"{number}\") {body}");
    for (at, (_, wrong, _)) in mistakes.iter().enumerate().filter(|(_, mistake)| mistake.0 == function) {
        text += &format!(" else if on(\"mistake{at}\") {wrong}");
    }
    text + &format!(" else {{ todo!(\"exercise {title}\") }} }}")
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => files_below(&path, files),
            path => files.push(path),
        }
    }
}

/// The sections that the exercises name, and no others: what is not practised works anyhow.
fn sections(stage: &Path) -> Vec<String> {
    let text = fs::read_to_string(stage.join("practice/exercises.md")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("Sections:"));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).map(String::from).collect()
}

/// Both test programs, in the workspace's own target folder, where most of what they need is built already.
fn build(folder: &Path, root: &Path) -> [PathBuf; 2] {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let output = Command::new(env!("CARGO"))
        .args([
            "test",
            "--no-run",
            "--message-format=json-render-diagnostics",
            "--test",
            "judge",
            "--test",
            "lesson",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    ["judge", "lesson"].map(|name| {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("\"name\":\"{name}\"")) && line.contains("\"executable\":\""))
            .unwrap();
        line.split("\"executable\":\"").nth(1).unwrap().split('"').next().unwrap().into()
    })
}

/// Runs one test with these exercises done; an error is what it printed.
fn run(program: &Path, folder: &Path, done: &str, test: &str) -> Result<(), String> {
    let output = Command::new(program)
        .args(["--exact", test])
        .env("PRACTICE", done)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && text.contains("1 passed") { Ok(()) } else { Err(text) }
}
