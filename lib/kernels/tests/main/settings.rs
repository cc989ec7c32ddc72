//! `NB_MATMUL` and `NB_THREADS`: set, empty, wrong. Each is read once a process, so each case is a process.

use kernels::matmul::matmul;
use kernels::ndarray::Array2;
use std::ffi::OsStr;
use std::process::Command;

/// What the processes of the other tests run.
#[test]
fn a_product() {
    let (a, b) = (Array2::<f32>::ones((200, 300)), Array2::ones((300, 100))); // large enough for threads
    assert!(matmul(&a, &b).iter().all(|&c| c == 300.0));
    println!("multiplied");
}

fn run(variable: &str, value: impl AsRef<OsStr>) -> String {
    let mut program = Command::new(std::env::current_exe().expect("a test is a program"));
    program.args(["--exact", "settings::a_product", "--nocapture"]);
    let output = program
        .env_remove("NB_MATMUL")
        .env_remove("NB_THREADS")
        .env(variable, value)
        .output()
        .expect("it starts");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn an_empty_variable_is_an_unset_one() {
    for variable in ["NB_MATMUL", "NB_THREADS"] {
        let printed = run(variable, "");
        assert!(printed.contains("multiplied"), "{variable}= : {printed}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn a_wrong_value_is_named() {
    let printed = run("NB_MATMUL", "sse9");
    assert!(printed.contains("NB_MATMUL=sse9: no such path; there are portable"), "{printed}");
    let printed = run("NB_THREADS", "0");
    assert!(printed.contains("NB_THREADS=0: not a number of threads; 1 or more is"), "{printed}");
}

#[test]
#[cfg(unix)]
#[cfg_attr(miri, ignore = "Miri starts no processes")]
fn a_value_that_is_not_unicode_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let printed = run("NB_THREADS", OsStr::from_bytes(b"\xff2"));
    assert!(printed.contains("NB_THREADS=\"\\xFF2\": this is not Unicode text"), "{printed}");
}

/// While a thread ends, its buffers may be gone before what else it keeps.
#[test]
fn a_product_in_the_drop_of_a_thread_local_has_a_buffer_of_its_own() {
    struct Multiplies;
    impl Drop for Multiplies {
        fn drop(&mut self) {
            let (a, b) = (Array2::<f32>::ones((70, 300)), Array2::ones((300, 20)));
            assert!(matmul(&a, &b).iter().all(|&c| c == 300.0));
        }
    }
    thread_local!(static FIRST: Multiplies = const { Multiplies });
    let thread = std::thread::spawn(|| {
        FIRST.with(|_| ()); // made before the buffers, so dropped after them
        matmul(&Array2::<f32>::ones((80, 400)), &Array2::ones((400, 20)))
    });
    assert_eq!(thread.join().unwrap().dim(), (80, 20));
}
