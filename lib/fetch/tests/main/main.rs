//! The real program against a server that misbehaves in every way we could think of.
//!
//! After each misfortune there is no wrong file under the right name, and the next call succeeds.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod interrupted;
mod server;
mod skipped;

use md5::{Digest, Md5};
use server::{Answer, Server};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NAME: &str = "mnist.pkl.gz";
const LEN: usize = 300_000;

/// Bytes that look like an archive: no two places alike.
fn good() -> Vec<u8> {
    let mut next = random(1);
    (0..LEN).map(|_| next() as u8).collect()
}

/// The same numbers from 0 to 255 every time.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 56
    }
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fetch(folder: &Path, mirrors: &[&Server]) -> Command {
    patient("1", folder, mirrors)
}

/// The program, which gives a server up after so many seconds.
fn patient(seconds: &str, folder: &Path, mirrors: &[&Server]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fetch"));
    for variable in ["NB_OFFLINE", "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    command.args(["--patience", seconds, "--file", NAME, "--accept", &md5(&good()), "--to"]).arg(folder);
    mirrors.iter().for_each(|server| _ = command.args(["--mirror", &server.url()]));
    command
}

/// What waits for a server most of the time: each on a thread of its own.
fn at_once<T: Send>(all: impl IntoIterator<Item = T>, work: impl Fn(T) + Sync) {
    let work = &work;
    thread::scope(|scope| all.into_iter().for_each(|one| _ = scope.spawn(move || work(one))));
}

/// The program without `--file`: any set of files will do.
fn every_set(folder: &Path, mirrors: &[&Server]) -> Command {
    let one = fetch(folder, mirrors);
    let mut all = Command::new(one.get_program());
    all.args(one.get_args().filter(|argument| *argument != "--file" && *argument != NAME));
    all.env_remove("NB_OFFLINE");
    all
}

/// Runs it, and checks what must hold after every run.
fn run(folder: &TempDir, mirrors: &[&Server]) -> Output {
    let output = fetch(folder.path(), mirrors).output().unwrap();
    check_folder(folder);
    println!("{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(NAME)
}

fn part(folder: &TempDir) -> PathBuf {
    folder.path().join(format!("{NAME}.part"))
}

/// Nothing wrong has the right name.
fn check_folder(folder: &TempDir) {
    if let Ok(bytes) = fs::read(file(folder)) {
        assert!(bytes == good(), "a wrong file of {} bytes has the right name", bytes.len());
        assert!(!part(folder).exists(), "the part was left behind");
    }
}

fn check_success(folder: &TempDir, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(file(folder).exists());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), file(folder).display().to_string());
}

/// This answer alone fails with `word` in the message; then a good server is asked and gives the file.
fn fails_then_recovers(answer: Answer, word: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&folder, &[&Server::new(std::slice::from_ref(&answer))]);
    assert_eq!(output.status.code(), Some(3), "{answer:?}");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains(word) && message.contains("no mirror has MNIST"), "{answer:?}: {message}");
    assert!(!file(&folder).exists());
    check_success(&folder, &run(&folder, &[&Server::new(&[Answer::Range])]));
}

#[test]
fn a_good_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Whole]);
    check_success(&folder, &run(&folder, &[&server]));
    check_success(&folder, &run(&folder, &[&server]));
    assert_eq!(server.asked(), [None], "what is there is not asked for again");
}

#[test]
fn cut_at_every_tenth_of_the_file() {
    for tenth in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let at = tenth * LEN / 10;
        let server = Server::new(&[Answer::CutAfter(at), Answer::Range]);
        let output = run(&folder, &[&server, &server]);
        check_success(&folder, &output);
        let from = if at == 0 { None } else { Some(at) };
        assert_eq!(server.asked(), [None, from], "it goes on where it was cut");
    }
}

#[test]
fn cut_at_every_tenth_by_the_only_mirror() {
    for tenth in 1..10 {
        let folder = tempfile::tempdir().unwrap();
        let at = tenth * LEN / 10;
        let dying = Server::new(&[Answer::CutAfter(at), Answer::Status(500)]);
        let output = run(&folder, &[&dying]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{message}");
        assert!(message.contains("the connection was cut") && message.contains("status 500"), "{message}");
        let server = Server::new(&[Answer::Range]);
        check_success(&folder, &run(&folder, &[&server]));
        assert_eq!(server.asked(), [Some(at)], "the next call goes on where it was cut");
    }
}

#[test]
fn the_next_call_goes_on_where_the_last_one_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let dying = Server::new(&[Answer::CutAfter(100_000), Answer::Status(500)]);
    assert_eq!(run(&folder, &[&dying]).status.code(), Some(3));
    assert_eq!(fs::read(part(&folder)).unwrap(), good()[..100_000]);
    let server = Server::new(&[Answer::Range]);
    check_success(&folder, &run(&folder, &[&server]));
    assert_eq!(server.asked(), [Some(100_000)]);
}

#[test]
fn a_server_that_ignores_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::CutAfter(100_000), Answer::Whole]);
    check_success(&folder, &run(&folder, &[&server]));
    assert_eq!(server.asked(), [None, Some(100_000)]);
}

#[test]
fn the_next_mirror_goes_on_where_the_first_one_died() {
    let folder = tempfile::tempdir().unwrap();
    let (dying, good) =
        (Server::new(&[Answer::CutAfter(50_000), Answer::Status(404)]), Server::new(&[Answer::Range]));
    check_success(&folder, &run(&folder, &[&dying, &good]));
    assert_eq!(good.asked(), [Some(50_000)]);
}

#[test]
fn first_mirror_bad_next_one_good() {
    let bad = [
        Answer::Wrong,
        Answer::Status(404),
        Answer::Status(500),
        Answer::Short(1000),
        Answer::Short(0),
        Answer::TooMuch,
        Answer::Rubbish,
        Answer::CutWithoutLength(1000),
        Answer::StallAfter(1000),
    ];
    at_once(bad, |answer| {
        println!("{answer:?}");
        let folder = tempfile::tempdir().unwrap();
        check_success(&folder, &run(&folder, &[&Server::new(&[answer]), &Server::new(&[Answer::Range])]));
    });
}

#[test]
fn what_each_failure_says() {
    fails_then_recovers(Answer::Wrong, "wrong checksum");
    fails_then_recovers(Answer::Status(404), "status 404");
    fails_then_recovers(Answer::Status(500), "status 500");
    fails_then_recovers(Answer::Short(1000), "wrong checksum");
    fails_then_recovers(Answer::TooMuch, "wrong checksum");
    fails_then_recovers(Answer::Rubbish, "");
    fails_then_recovers(Answer::CutWithoutLength(1000), "wrong checksum");
}

#[test]
fn a_server_that_stalls() {
    let start = Instant::now();
    fails_then_recovers(Answer::Silence, "timeout");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::StallAfter(70_000), Answer::Range]);
    let output = run(&folder, &[&server]);
    check_success(&folder, &output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("sent nothing for 1s"));
    assert_eq!(server.asked(), [None, Some(70_000)]);
}

/// A server that sends a byte now and then never stalls, and would take days.
#[test]
fn a_server_that_trickles() {
    let start = Instant::now();
    fails_then_recovers(Answer::Trickle, "fewer than 5000 a second are not waited for");
    let folder = tempfile::tempdir().unwrap();
    let good = Server::new(&[Answer::Range]);
    check_success(&folder, &run(&folder, &[&Server::new(&[Answer::Trickle]), &good]));
    assert!(
        matches!(good.asked()[..], [Some(1..1000)]),
        "it goes on behind the few bytes: {:?}",
        good.asked()
    );
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

/// Whatever a server says about the length: the whole file or none, and a good server gives it.
#[test]
fn lengths_that_are_not_true() {
    for (headers, word) in [
        ("Content-Length: many", "content-length"),
        ("Content-Length: -5", "content-length"),
        ("Content-Length: 99999999999999999999999999", "content-length"),
        ("Content-Length: 300000\r\nContent-Length: 1000", "content-length"),
        ("Content-Length: 1000\r\nContent-Length: 300000", "content-length"),
        ("Transfer-Encoding: chunked", "the connection was cut"),
    ] {
        println!("{headers}");
        fails_then_recovers(Answer::Headers(headers), word);
    }
    for headers in ["Content-Length: 300001", "Content-Length: 999999999999", "X-Length: none"] {
        println!("{headers}");
        let folder = tempfile::tempdir().unwrap();
        check_success(&folder, &run(&folder, &[&Server::new(&[Answer::Headers(headers)])]));
    }
}

#[test]
fn a_server_that_never_ends() {
    fails_then_recovers(Answer::Endless, "more than");
}

#[test]
fn the_most_patience_that_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = patient("86400", folder.path(), &[&Server::new(&[Answer::Range])]).output();
    check_success(&folder, &output.unwrap());
}

#[test]
fn redirects_and_redirects_in_a_circle() {
    let folder = tempfile::tempdir().unwrap();
    let good = Server::new(&[Answer::Range]);
    let server = Server::new(&[Answer::Redirect(good.url())]);
    check_success(&folder, &run(&folder, &[&server]));
    fails_then_recovers(Answer::Redirect("/again".into()), "redirect");
    let there = |turn: usize| Answer::Redirect(["/there", "/and/back"][turn % 2].into());
    let server = Server::new(&(0..20).map(there).collect::<Vec<_>>());
    let output = run(&tempfile::tempdir().unwrap(), &[&server]);
    assert_eq!((output.status.code(), server.asked().len()), (Some(3), 6), "five are followed");
}

#[test]
fn parts_that_are_not_what_was_asked_for() {
    let cases =
        [(Answer::OtherPart, "another part"), (Answer::LyingPart, "checksum"), (Answer::Wrong, "checksum")];
    for (bad, word) in cases {
        println!("{bad:?}");
        let folder = tempfile::tempdir().unwrap();
        let server = Server::new(&[Answer::CutAfter(100_000), bad, Answer::Whole]);
        let output = run(&folder, &[&server]);
        check_success(&folder, &output);
        assert!(String::from_utf8_lossy(&output.stderr).contains(word));
    }
}

#[test]
fn a_part_that_is_rubbish_or_complete_or_too_long() {
    for bytes in [vec![7; 1000], good(), [&good()[..], &[7]].concat()] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(part(&folder), bytes).unwrap();
        check_success(&folder, &run(&folder, &[&Server::new(&[Answer::Range])]));
    }
}

#[test]
fn no_network_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Whole]);
    let output = fetch(folder.path(), &[&server]).env("NB_OFFLINE", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("NB_OFFLINE=1 forbids"));
    assert!(server.asked().is_empty(), "nobody was asked");
    run(&folder, &[&server]);
    let output = fetch(folder.path(), &[&server]).env("NB_OFFLINE", "1").output().unwrap();
    check_success(&folder, &output);
}

#[test]
fn the_idx_files_if_nobody_has_the_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Status(404), Answer::Range]);
    let output = every_set(folder.path(), &[&server]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    assert_eq!(fs::read(folder.path().join("train-images-idx3-ubyte.gz")).unwrap(), good());
    assert_eq!(server.asked().len(), 5);
}

/// It ends as SIGPIPE ends every program: a shell reports 141.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = fetch(folder.path(), &[&Server::new(&[Answer::Range])]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!((signal, String::from_utf8_lossy(&output.stderr).as_ref()), (Some(13), ""));
    assert!(file(&folder).exists());
}

#[test]
fn nobody_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Server { port, asked: Arc::default() };
    assert_eq!(run(&folder, &[&nobody]).status.code(), Some(3));
}

#[test]
fn another_file_of_that_name_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(&folder), "mine").unwrap();
    let output = fetch(folder.path(), &[&Server::new(&[Answer::Whole])]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("left alone"));
    assert_eq!(fs::read_to_string(file(&folder)).unwrap(), "mine");
}

/// As archive programs make it: said before anything is downloaded, and no reason to overlook the other files.
#[test]
fn a_folder_of_that_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Whole]);
    fs::create_dir(file(&folder)).unwrap();
    let output = run(&folder, &[&server]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("mnist.pkl.gz is there and is not a file"), "{message}");
    assert!(server.asked().is_empty(), "nothing was downloaded");

    for kind in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        fs::write(folder.path().join(format!("{kind}-ubyte.gz")), good()).unwrap();
    }
    let output = every_set(folder.path(), &[&server]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(server.asked().is_empty(), "what is there is not asked for again");
}

#[test]
fn a_folder_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output =
        fetch(&folder.path().join("file/folder"), &[&Server::new(&[Answer::Whole])]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("--to FOLDER") && message.contains("--cache"), "{message}");
    assert!(!message.contains("continued"), "nothing was downloaded: {message}");
}

#[test]
fn arguments_that_cannot_be_are_refused_at_once() {
    for (option, value, says) in [
        ("--mirror", "notaurl", "https://example.org/folder/"),
        ("--mirror", "ftp://example.org/", "https://example.org/folder/"),
        ("--mirror", "https:///x", "https://example.org/folder/"),
        ("--mirror", "https://:80/x", "https://example.org/folder/"),
        ("--mirror", "https://a b/", "https://example.org/folder/"),
        ("--patience", "0", "1..=86400"),
        ("--patience", "18446744073709551615", "1..=86400"),
        ("--accept", "zzz", "32 hexadecimal digits"),
        ("--accept", "a02cd19f81d51c426d7ca14024243ceg", "32 hexadecimal digits"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fetch"));
        let output = command.args([option, value, "--to"]).arg(folder.path()).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {message}");
        assert!(message.contains(option) && message.contains(says), "{message}");
    }
}

#[test]
fn its_help_names_the_verb_that_starts_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_fetch")).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(help.contains("Usage: cargo xtask data get [OPTIONS]"), "{help}");
}
