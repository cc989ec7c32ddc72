//! The exercises of the real stages: all red at first, each green with our body, in order; and typical mistakes are
//! recognised. Each stage is built once, with a switch in the place of each `todo!`.
//!
//! The learners' folders lie below the target folder, at the same place each time: cargo then finds what it built last
//! time, and leaves nothing of a folder that is gone.

use crate::common::in_order;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The stages that a test below judges.
const JUDGED: [&str; 6] = [
    "nb00_testing",
    "nb01_matmul",
    "nb02_fully_connected",
    "nb02a_why_sqrt5",
    "nb02b_initializing",
    "nb03_minibatch_training",
];

#[test]
fn every_stage_is_judged() {
    let stages = fs::read_dir(root().join("crates")).unwrap().flatten();
    let mut stages: Vec<String> = stages.map(|stage| stage.file_name().into_string().unwrap()).collect();
    stages.sort();
    assert_eq!(stages, JUDGED);
}

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
            (
                "layers::Relu::call",
                "{ let out = shifted_relu(inp, self.shift).into_shared(); self.inp = Some(out.clone()); out }",
                "an output that was kept",
            ),
            ("layers::Lin::backward", "{ matmul(out_g, &self.w.value.t()) }", "`self.w.grad` is still none"),
            ("layers::Model::backward", "{ self.loss.backward() }", "the loss's gradient"),
            (
                "module::Module::call",
                "{ Pass { inp: inp.view(), outs: vec![inp.to_owned()] } }",
                "the input in the place of the output",
            ),
            (
                "module::Module::backward",
                "{ self.bwd(&pass.inp, pass.out(), out_g) }",
                "output and input exchanged",
            ),
            (
                "nn::linear::Linear::new",
                "{ let mut weight = Array2::zeros((in_features, out_features)); \
            kaiming_uniform_(&mut weight, 0.0, Fan::In, Layout::InOut, rng); Self::from_weights(weight, Array1::zeros(out_features)) }",
                "Kaiming's bound for a ReLU",
            ),
            (
                "nn::linear::Linear::new",
                "{ let mut weight = Array2::zeros((in_features, out_features)); \
            kaiming_uniform_(&mut weight, 5.0_f64.sqrt(), Fan::In, Layout::InOut, rng); Self::from_weights(weight, Array1::zeros(out_features)) }",
                "PyTorch draws the bias",
            ),
            (
                "nn::linear::Linear::forward",
                "{ Saved::new(self.apply(x, affine)) }",
                "an input that was not kept",
            ),
            (
                "nn::linear::Linear::backward_params",
                "{ let (x, out_g) = (rows(&saved.kept[0]), rows(&out_g)); \
            self.weight.grad = Some(tensor(matmul(&x.t(), &out_g))); self.bias.grad = Some(tensor(sum_rows(&out_g))); }",
                "overwritten",
            ),
            (
                "nn::linear::Linear::backward",
                "{ unrows(matmul(&rows(&out_g), &matrix(&self.weight.value).t()), out_g.shape()) }",
                "parameters' gradients that were forgotten",
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
                "conv::conv2d_loops_grad",
                "{ let ((h, w), (_, ci, kh, kw)) = ((x.dim().2, x.dim().3), weight.dim()); \
            let (mut x_g, mut weight_g) = (Array4::zeros(x.raw_dim()), Array4::zeros(weight.raw_dim())); let mut bias_g = Array1::zeros(weight.dim().0); \
            for ((image, o, oy, ox), &g) in out_g.indexed_iter() { for (c, ky, kx) in indices((ci, kh, kw)) { bias_g[o] += g; \
            if let Some((iy, ix)) = inside((oy * stride + ky, ox * stride + kx), padding, (h, w)) { \
            x_g[[image, c, iy, ix]] += g * weight[[o, c, ky, kx]]; weight_g[[o, c, ky, kx]] += g * x[[image, c, iy, ix]]; } } } \
            ConvGrad { x: x_g, weight: weight_g, bias: bias_g } }",
                "added up for every weight as well",
            ),
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

#[test]
fn notebook_03() {
    const CLASSES: &str = "let Targets::Classes(y) = targets else { unreachable!() };";
    let nll = |result: &str| {
        format!(
            "{{ {CLASSES} targets.check(\"nll\", log_probs.dim()); let n = log_probs.nrows() as f64; \
            let rows = log_probs.rows().into_iter().zip(y); \
            let sum: f64 = rows.map(|(row, &y)| row[usize::from(y)].widen()).sum(); T::narrow({result}) }}"
        )
    };
    let every_pair = format!(
        "{{ {CLASSES} let pairs = log_probs.rows().into_iter().flat_map(|row| y.iter().map(move |&y| row[usize::from(y)].widen())); \
        let sum: f64 = pairs.sum(); T::narrow(-sum / (log_probs.nrows() * y.len()) as f64) }}"
    );
    let not_divided = format!(
        "{{ {CLASSES} let rows = RowTargets::Classes(y.as_slice().unwrap()); \
        let (sum, grad) = par::cross_entropy(logits, rows, T::one()); (T::narrow(sum / logits.nrows() as f64), grad) }}"
    );
    let accuracy = |rows: &str, by: &str| {
        format!(
            "{{ {CLASSES} let found = out.{rows}().into_iter().map(|row| argmax(&row)); \
            found.zip(y).filter(|(found, y)| *found == Some(usize::from(**y))).count() as f64 / {by} }}"
        )
    };
    let by_hand = |batches: &str, zero: &str, sign: &str| {
        format!(
            "{{ let n = y.len(); for i in 0..{batches} {{ let (start, end) = (i * bs, n.min((i + 1) * bs)); \
            let (xb, yb) = (rows(x, start, end), y.rows(start..end)); let saved = model.forward(&xb); \
            let (_, out_g) = cross_entropy(&matrix(&saved.out), &yb); {zero} model.backward_params(saved, tensor(out_g)); \
            for (_, p) in model.parameters() {{ p.step(|value, grad| value {sign} lr * grad); }} }} }}"
        )
    };
    let fit = |order: &str, weight: &str| {
        format!(
            "{{ epochs.map(|epoch| {{ let mut train = Mean::default(); let mut batches = train_dl.epoch({order}); \
            while let Some(batch) = batches.next() {{ train.add(train_batch(net, loss, opt, batch).into(), {weight}); }} \
            Epoch {{ epoch, train_loss: train.value(), valid: validate(net, loss, valid_dl) }} }}).collect() }}"
        )
    };
    judge_all(
        "nb03_minibatch_training",
        &[
            (
                "loss::forms::plain",
                "{ let exp = x.exp(); let sums = exp.sum_axis(Axis(0)); (exp / sums).ln() }",
                "a sum over the wrong axis",
            ),
            (
                "loss::forms::difference",
                "{ x - x.exp().sum_axis(Axis(1)).ln() }",
                "sums of rows that met columns",
            ),
            (
                "loss::logsumexp",
                "{ x.exp().sum_axis(Axis(1)).ln() }",
                "before the largest number was taken off",
            ),
            (
                "loss::logsumexp",
                "{ let max = x.fold(T::neg_infinity(), |max, &x| if x > max { x } else { max }); \
            let max = if max.is_infinite() { T::zero() } else { max }; (x - max).exp().sum_axis(Axis(1)).ln() + max }",
                "the largest number of the whole batch",
            ),
            (
                "loss::forms::shifted",
                "{ x - x.exp().sum_axis(Axis(1)).insert_axis(Axis(1)).ln() }",
                "before the largest number was taken off",
            ),
            ("loss::nll", &nll("-sum"), "a sum instead of a mean"),
            ("loss::nll", &nll("sum / n"), "a sign that was forgotten"),
            ("loss::nll", &every_pair, "every row with every target"),
            ("loss::cross_entropy", &not_divided, "a division by n that was forgotten"),
            (
                "loss::cross_entropy",
                "{ let n = T::narrow(logits.nrows() as f64); (nll(&log_softmax(logits), targets), log_softmax(logits).exp() / n) }",
                "a one-hot that was not subtracted",
            ),
            ("accuracy::accuracy", &accuracy("rows", "1.0"), "a count instead of a share"),
            (
                "accuracy::accuracy",
                &accuracy("columns", "out.nrows() as f64"),
                "the largest number of each column",
            ),
            ("loops::by_hand", &by_hand("n.div_ceil(bs)", "", "-"), "gradients that were not zeroed"),
            (
                "loops::by_hand",
                &by_hand("n / bs", "model.zero_grad();", "-"),
                "a last batch that was left out",
            ),
            (
                "loops::by_hand",
                &by_hand("n.div_ceil(bs)", "model.zero_grad();", "+"),
                "a step up the gradient",
            ),
            (
                "optim::Sgd::step",
                "{ for (_, p) in net.parameters() { p.sgd(1.0); } }",
                "a step without the learning rate",
            ),
            (
                "sampler::Sampler::write_order",
                "{ order.clear(); let shuffles = self != Sampler::Sequential; order.extend((0..n).map(|i| if shuffles { i / 2 } else { i })); }",
                "a repeated row",
            ),
            (
                "sampler::Sampler::write_order",
                "{ order.clear(); order.extend(0..n); if let Sampler::Random { seed } = self { order.shuffle(&mut manual_seed(seed)); } }",
                "the same order in every epoch",
            ),
            (
                "sampler::Sampler::write_order",
                "{ order.extend(0..n); if let Sampler::Random { seed } = self { \
            let mut rng = manual_seed(seed); rng.set_stream(epoch); order.shuffle(&mut rng); } }",
                "clear `order` first",
            ),
            (
                "fit::scores",
                "{ let (mut losses, mut accuracies) = (Mean::default(), Mean::default()); let mut batches = dl.epoch(0); \
            while let Some(Batch { x, y }) = batches.next() { let out = net.infer(x); losses.add(loss(&matrix(&out), y).0.into(), 1); \
            accuracies.add(accuracy(&matrix(&out), y), 1); } Scores { loss: losses.value(), accuracy: accuracies.value() } }",
                "an unweighted mean over the batches",
            ),
            ("fit::fit", &fit("0", "batch.y.len()"), "the same order in every epoch"),
            ("fit::fit", &fit("epoch", "1"), "an unweighted mean over the batches"),
        ],
    );
}

/// As a learner goes: red, a wrong answer, the right one, a lost file of progress, and one that breaks again.
#[test]
fn a_learner_of_notebook_00() {
    let (root, folder) = (root(), place("learner/nb00_testing"));
    let practice = |args: &[&str]| {
        let to = ["--to", folder.to_str().unwrap()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let output = command
            .arg("practice")
            .args(args)
            .args(to)
            .current_dir(&root)
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
    assert!(JUDGED.contains(&stage));
    let (root, folder) = (root(), place(stage));
    let made = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["practice", stage, "--to", folder.to_str().unwrap()])
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let ours = root.join("crates").join(stage);
    let exercises = with_switches(&folder, &ours, mistakes);
    let [judge, lesson] = build(&folder, &root);
    let judges: Vec<(usize, String)> =
        exercises.iter().map(|(n, function)| (*n, function.replace("::", "_").to_lowercase())).collect();
    let names: Vec<&str> = judges.iter().map(|(_, test)| test.as_str()).collect();
    // Red at first: it comes upon its own `todo!`, or waits for an earlier one.
    let mut output = run(&judge, &folder, "", &names);
    for (number, test) in &judges {
        let waits_for = todo(said(&output, test));
        assert!(waits_for.is_some_and(|todo| todo <= *number), "{test}: {}", said(&output, test));
    }
    let mut done = String::new();
    for (number, test) in &judges {
        assert_eq!(todo(said(&output, test)), Some(*number), "{test} is the next:\n{}", said(&output, test));
        done += &format!("{number},");
        output = run(&judge, &folder, &done, &names);
        for (other, test) in &judges {
            let is_right = passed(&output, test);
            assert_eq!(
                is_right,
                other <= number,
                "{test} with the exercises {done}\n{}",
                said(&output, test)
            );
        }
    }
    let sections = sections(&ours);
    // A lesson of several files has its sections in modules, so the names are not exact.
    let names: Vec<&str> = sections.iter().map(String::as_str).collect();
    let output = run_with(&lesson, &folder, &done, &names);
    for section in &sections {
        assert!(passed(&output, section), "{section}: {}", said(&output, section));
    }
    let compared = comparisons(&ours);
    let output = run_with(&judge, &folder, &done, &["--ignored", "--nocapture"]);
    assert!(output.contains(&format!("{} passed; 0 failed", compared.len())), "{output}");
    for (at, (function, _, words)) in mistakes.iter().enumerate() {
        let (number, test) =
            judges.iter().find(|(n, _)| exercises[n] == *function).unwrap_or_else(|| panic!("{function}"));
        let done: String =
            (1..*number).map(|n| format!("{n},")).collect::<String>() + &format!("mistake{at}");
        let output = run(&judge, &folder, &done, &[test]);
        let looks = output.lines().find(|line| line.starts_with("It looks like")).unwrap_or("nothing");
        assert!(looks.contains(words), "{function}: `{words}` is not what it looks like:\n{output}");
        // A wrong one is not compared.
        let comparison = format!("compare_{test}");
        if compared.contains(&comparison) {
            let output = run_with(&judge, &folder, &done, &["--ignored", "--exact", &comparison]);
            assert!(output.contains("0 passed; 1 failed"), "{comparison} of a wrong one: {output}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A folder that is not there yet, on a path that is not easy.
fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ein Übungs folder").join(name);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => panic!("{}: {e}", folder.display()),
        _ => folder,
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

/// The tests of `judge.rs` that compare.
fn comparisons(stage: &Path) -> Vec<String> {
    let text = fs::read_to_string(stage.join("practice/judge.rs")).unwrap();
    let tests = text.split("#[ignore = \"a comparison\"]\nfn ").skip(1);
    tests.map(|test| test.split('(').next().unwrap().to_string()).collect()
}

/// What the program prints if it runs these tests with these exercises done. The digits are drawn: they are enough here,
/// and fewer than MNIST's.
fn run(program: &Path, folder: &Path, done: &str, tests: &[&str]) -> String {
    run_with(program, folder, done, &[&["--exact"], tests].concat())
}

fn run_with(program: &Path, folder: &Path, done: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).env("PRACTICE", done).current_dir(folder);
    let Output { stdout, .. } = command.env("NB_OFFLINE", "1").env_remove("NB_DATA").output().unwrap();
    String::from_utf8_lossy(&stdout).into_owned()
}

fn passed(output: &str, test: &str) -> bool {
    let passed = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    passed.into_iter().any(|name| is_called(name, test))
}

/// Whether a test is called that, in whichever module.
fn is_called(name: &str, test: &str) -> bool {
    name.strip_suffix(test).is_some_and(|module| module.is_empty() || module.ends_with("::"))
}

/// The exercise whose `todo!` a test came upon.
fn todo(said: &str) -> Option<usize> {
    said.rsplit_once("not yet implemented: exercise ")?.1.split(':').next()?.parse().ok()
}

/// What a test that failed printed.
fn said<'a>(output: &'a str, test: &str) -> &'a str {
    let all = output.split("\n---- ").filter_map(|part| part.split_once(" stdout ----\n"));
    all.into_iter().find(|(name, _)| is_called(name, test)).map_or("", |(_, said)| said)
}

/// `practice watch` notices a save by rename and one of two files, and an earlier exercise that broke again; not an
/// editor's hidden file.
#[cfg(unix)]
#[test]
fn a_learner_who_watches() {
    use std::os::unix::process::CommandExt;
    let (root, folder) = (root(), place("watching/nb00_testing"));
    let file = folder.join("src/testing.rs");
    let xtask = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("practice").args(args).args(["--to", folder.to_str().unwrap()]).current_dir(&root);
        command.env("NO_COLOR", "1");
        command
    };
    assert!(xtask(&["nb00"]).output().unwrap().status.success());
    let watch = xtask(&["watch"]).process_group(0).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut watch = Ended(watch);
    let said = Said::of(watch.0.stdout.take().unwrap());
    said.until("to do: exercise 1, testing::test");

    // As vim saves: another file, which takes the name.
    let save = |text: &str| {
        let other = file.with_file_name(".testing.rs.new");
        fs::write(&other, text).unwrap();
        fs::rename(&other, &file).unwrap();
    };
    let todo = |number: usize, title: &str| format!("todo!(\"exercise {number}: {title}\")");
    let first = todo(1, "testing::test, fails unless a comparison says yes");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&first));
    let text = text.replace(&first, "if !cmp(a, b) { panic!(\"{cname}:\\n{a:?}\\n{b:?}\") }");
    save(&text);
    in_order(&said.until("next: "), &["exercise 1, testing::test", "1 of 5 done"]);

    // Two files, one after the other: neither compiles without the other.
    let second = todo(2, "testing::test_eq, the comparison that every notebook uses first");
    assert!(text.contains(&second));
    let text = text.replace(&second, "test(a, b, |a, b| crate::chart::same(a == b), \"==\")");
    let chart = folder.join("src/chart.rs");
    let with_same =
        fs::read_to_string(&chart).unwrap() + "\npub(crate) fn same(yes: bool) -> bool {\n    yes\n}\n";
    save(&text);
    fs::write(&chart, with_same).unwrap();
    let both = said.until("next: ");
    assert!(both.contains("2 of 5 done"), "{both}");
    assert!(!both.contains("does not compile"), "it was judged between the two:\n{both}");

    // The next one is the third; that the first one broke again is said nevertheless.
    fs::write(folder.join("src/.testing.rs.swp"), "an editor's").unwrap();
    save(&text.replace("if !cmp(a, b)", "if cmp(a, b)"));
    assert!(said.until("to do: exercise 3").contains("broken again: exercise 1, testing::test"));
    save(&text);
    in_order(&said.until("next: exercise 3"), &["exercise 1, testing::test", "2 of 5 done"]);

    let group = format!("-{}", watch.0.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    assert_eq!(watch.0.wait().unwrap().code(), Some(130));
}

/// A program that does not outlive the test, even one that fails.
#[cfg(unix)]
struct Ended(std::process::Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        // It has ended where the test passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines of a program that runs.
#[cfg(unix)]
struct Said(std::sync::mpsc::Receiver<String>);

#[cfg(unix)]
impl Said {
    fn of(output: std::process::ChildStdout) -> Said {
        let (to, from) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let lines = std::io::BufRead::lines(std::io::BufReader::new(output));
            lines.map_while(Result::ok).all(|line| to.send(line + "\n").is_ok())
        });
        Said(from)
    }

    /// What comes until these words, with their line.
    #[track_caller]
    fn until(&self, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            match self.0.recv_timeout(std::time::Duration::from_secs(300)) {
                Ok(line) => text += &line,
                Err(e) => panic!("`{words}` did not come ({e}):\n{text}"),
            }
        }
        text
    }
}
