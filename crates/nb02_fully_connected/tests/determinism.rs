//! The same seed gives the same numbers everywhere, and the same numbers give the same results every time.
//!
//! *Everywhere*: a random number is made of the generator's bits (ChaCha8, whole numbers only) by operations that IEEE
//! 754 defines to the last bit — but for one in some 4,000 normal draws, in the distribution's tail, which is the
//! logarithm of the platform's own library, and may be off by 2⁻⁵³ of itself. Rounded to an `f32`, one in 2²⁹ of those
//! could then differ: one draw in 2 · 10¹². (The accept-or-reject step compares with an exponential in a hundredth of the
//! draws; to tip it, two numbers would have to agree in 50 binary digits.)
//!
//! *Every time*: results depend on the shapes, the strides and the path, and on nothing else. Between two paths they
//! differ by rounding, as one multiplies and adds in one step and the other in two.

#[path = "common/forms.rs"]
mod forms;

use forms::FORMS;
use nb02_fully_connected::ndarray::{Array2, Array3, ArrayD};
use nb02_fully_connected::*;
use std::process::Command;

/// One number for the bits of many: FNV-1a.
fn fingerprint<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> u64 {
    let bytes = numbers.into_iter().flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// A name, what is drawn, its first three numbers, and the fingerprint of all of them.
type Recorded = (&'static str, fn(&mut Rng) -> ArrayD<f32>, [f32; 3], u64);

fn filled(fill: impl FnOnce(&mut Array2<f32>) -> Array2<f32>) -> ArrayD<f32> {
    fill(&mut Array2::zeros((784, 50))).into_dyn()
}

/// Recorded on Linux, x86-64.
const RECORDED: [Recorded; 10] = [
    (
        "randn",
        |rng| randn((500, 784), rng).into_dyn(),
        [0.47798124, 1.3340706, -0.21086669],
        0xfa4f_abae_a3dd_ecb9,
    ),
    (
        "rand",
        |rng| rand((500, 784), rng).into_dyn(),
        [0.22408074, 0.68189615, 0.1463862],
        0x47b0_d6f4_af0d_67b2,
    ),
    (
        "xavier",
        |rng| xavier(784, 50, rng).into_dyn(),
        [0.01707076, 0.04764538, -0.0075309533],
        0xa0a8_84d9_d9f0_e024,
    ),
    (
        "kaiming",
        |rng| kaiming(784, 50, rng).into_dyn(),
        [0.0241417, 0.06738074, -0.010650376],
        0x9a0a_3cb0_509d_52ee,
    ),
    (
        "kaiming_normal_",
        |rng| filled(|w| kaiming_normal_(w, 0.01, Fan::In, Layout::InOut, rng).to_owned()),
        [0.02414049, 0.067377366, -0.010649843],
        0x39d5_e56f_d5e1_313a,
    ),
    (
        "kaiming_uniform_",
        |rng| filled(|w| kaiming_uniform_(w, 0.0, Fan::Out, Layout::InOut, rng).to_owned()),
        [-0.19116247, 0.12602134, -0.24499083],
        0x583d_c779_a320_1a7e,
    ),
    (
        "nn::Linear's weights",
        |rng| nn::Linear::new(784, 50, rng).weight.value.into_owned(),
        [-0.01970852, 0.012992582, -0.02525813],
        0x293c_8ae9_07d7_e3e0,
    ),
    (
        "nn::Linear's bias",
        |rng| nn::Linear::new(784, 50, rng).bias.value.into_owned(),
        [-0.02056901, 0.007026639, -0.024665011],
        0x97f5_3bde_8498_d32f,
    ),
    (
        "Weights' first weights",
        |rng| Weights::kaiming(784, 50, 0.5, rng).w1.into_dyn(),
        [0.0241417, 0.06738074, -0.010650376],
        0x9a0a_3cb0_509d_52ee,
    ),
    (
        "Weights' second weights",
        |rng| Weights::kaiming(784, 50, 0.5, rng).w2.into_dyn(),
        [-0.0406309, -0.019470595, 0.06695827],
        0xc199_5631_8537_8281,
    ),
];

#[test]
fn a_seed_gives_the_recorded_numbers() {
    for (name, draw, first, all) in RECORDED {
        let drawn = draw(&mut manual_seed(42));
        let found: Vec<f32> = drawn.iter().take(3).copied().collect();
        assert_eq!((&*found, fingerprint(&drawn)), (&first[..], all), "{name}");
    }
}

/// Drawn one after the other: the shape only says where they go.
#[test]
fn a_shape_draws_no_other_numbers() {
    let drawn = randn(60, &mut manual_seed(1));
    for shape in [(60, 1), (4, 15), (1, 60)] {
        assert!(randn(shape, &mut manual_seed(1)).iter().eq(&drawn));
    }
}

/// A fingerprint of every kind of result that the lesson computes in parallel.
fn results() -> Vec<(String, u64)> {
    let rng = &mut manual_seed(7);
    let (x, y) = (randn((5_003, 100), rng), rand(5_003, rng) * 9.0);
    let (net, g) = (Weights::kaiming(100, 33, 0.5, rng), randn((5_003, 33), rng));
    let (a, b) = (randn((13, 70, 90), rng), randn((13, 90, 30), rng));
    let stats = Stats::of(&x);
    let batch: Array3<f32> = einsum("bik,bkj->bij", &[&a, &b]).expect("two matrices of matching sizes");
    let outer: Array2<f32> = einsum("bi,bj->ij", &[&x, &g]).expect("two matrices of matching sizes");
    let mut results = vec![
        ("x @ w".into(), fingerprint(&matmul(&x, &net.w1))),
        ("x.t() @ g".into(), fingerprint(&matmul(&x.t(), &g))),
        ("g @ w.t()".into(), fingerprint(&matmul(&g, &net.w1.t()))),
        ("the ladder's threads".into(), fingerprint(&ladder::threads(&x, &net.w1))),
        ("einsum, a batch".into(), fingerprint(&batch)),
        ("einsum, an outer product".into(), fingerprint(&outer)),
        ("mean".into(), stats.mean.to_bits()),
        ("std".into(), stats.std.to_bits()),
        ("normalize".into(), fingerprint(&normalize(&x, stats.mean, stats.std))),
    ];
    for (name, form) in FORMS {
        let (loss, grads) = form(&x, &y, &net);
        let all = grads.x.iter().chain(&grads.w1).chain(&grads.b1).chain(&grads.w2).chain(&grads.b2);
        results.push((name.into(), fingerprint(all.chain([&loss]))));
    }
    results
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(results);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

/// What the processes of the next test print.
#[test]
fn results_shown() {
    results().iter().for_each(|(name, bits)| println!("{name} = {bits:016x}"));
}

/// What one of these tests prints in a process of its own.
fn printed(test: &str, variables: &[(&str, &str)]) -> String {
    let mut program = Command::new(std::env::current_exe().expect("a test knows where it is"));
    program.args(["--exact", test, "--nocapture"]).envs(variables.iter().copied());
    String::from_utf8(program.output().expect("it starts once more").stdout).expect("names and numbers")
}

#[test]
fn any_run_gives_the_same_bits() {
    let run = |name: &str, threads: &str| {
        let printed = printed("results_shown", &[(name, threads)]);
        printed.lines().filter(|line| line.contains(" = ")).map(String::from).collect::<Vec<_>>()
    };
    let here: Vec<String> = results().iter().map(|(name, bits)| format!("{name} = {bits:016x}")).collect();
    for threads in ["1", "2", "3", "7"] {
        assert_eq!(run("RAYON_NUM_THREADS", threads), here, "RAYON_NUM_THREADS={threads}");
    }
    assert_eq!(run("NB_THREADS", "1"), here, "NB_THREADS=1");
}

/// What the process of the next test prints: processor time in ns for all results, this thread's and that of all others.
#[test]
#[cfg(target_os = "linux")]
fn who_works_shown() {
    use std::fs::{canonicalize, read_dir, read_to_string};
    let time = |task: &std::path::Path| -> u64 {
        let said = read_to_string(task.join("schedstat")).unwrap_or_default(); // empty if it has just ended
        said.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
    };
    let here = canonicalize("/proc/thread-self").expect("Linux shows a thread to itself");
    let others = || -> u64 {
        let tasks = read_dir("/proc/self/task").expect("and its process").flatten().map(|task| task.path());
        tasks.filter(|task| task.file_name() != here.file_name()).map(|task| time(&task)).sum()
    };
    let before = (time(&here), others());
    results();
    println!("here = {}\nothers = {}", time(&here) - before.0, others().saturating_sub(before.1)); // a thread may have ended
}

/// One thread is one thread in all that computes: products, einsum, statistics, layers, fused or not.
#[test]
#[cfg(target_os = "linux")]
fn nb_threads_limits_everything() {
    let share = |limit: &str| {
        let printed = printed("who_works_shown", &[("RAYON_NUM_THREADS", "3"), ("NB_THREADS", limit)]);
        let number = |name| -> f64 {
            let line = printed.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name:?} in {printed}")).parse().unwrap()
        };
        number("others = ") / number("here = ")
    };
    assert!(share("1") < 0.01, "with NB_THREADS=1 the other threads only start and go to sleep");
    // However busy the machine is, some day they get their turn.
    assert!((0..20).any(|_| share("3") > 0.01), "with NB_THREADS=3 they work");
}
