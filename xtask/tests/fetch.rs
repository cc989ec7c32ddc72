//! The real program against a server that misbehaves in every way we could think of.
//!
//! After each misfortune there is no wrong file under the right name, and the next call succeeds.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use md5::{Digest, Md5};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NAME: &str = "mnist.pkl.gz";
const LEN: usize = 300_000;

/// Bytes that look like an archive: no two places alike.
fn good() -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..LEN).map(|_| next()).collect()
}

fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a server does with a request.
#[derive(Clone, Debug)]
enum Answer {
    Whole,
    /// Sends from where it is asked to.
    Range,
    /// Sends from where it is asked to, and hangs up after so many bytes.
    CutAfter(usize),
    /// Hangs up after so many bytes, having promised nothing.
    CutWithoutLength(usize),
    StallAfter(usize),
    Silence,
    /// Promises fewer bytes than there are.
    Short(usize),
    TooMuch,
    Endless,
    Wrong,
    /// Another part than it was asked for, and says so.
    OtherPart,
    /// Says it is the part, but it is not.
    LyingPart,
    Status(u16),
    Redirect(String),
    Rubbish,
    Slowly,
}

/// Answers the requests in turn, the last answer again and again, and remembers the ranges it was asked for.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn new(answers: &[Answer]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(vec![]));
        let (log, answers) = (asked.clone(), answers.to_vec());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answers) = (log.clone(), answers.clone());
                thread::spawn(move || serve(stream, &log, &answers));
            }
        });
        Server { port, asked }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    fn asked(&self) -> Vec<Option<usize>> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Option<usize>>>, answers: &[Answer]) {
    let mut range = None;
    for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
        match line.to_lowercase().strip_prefix("range: bytes=") {
            Some(from) => range = from.trim_end_matches('-').parse().ok(),
            None if line.is_empty() => break,
            None => {}
        }
    }
    let number = {
        let mut log = log.lock().unwrap();
        log.push(range);
        log.len() - 1
    };
    let _ = answer(&mut stream, range, &answers[number.min(answers.len() - 1)]);
}

fn answer(stream: &mut TcpStream, range: Option<usize>, answer: &Answer) -> std::io::Result<()> {
    let good = good();
    let rest = &good[range.unwrap_or(0).min(LEN)..];
    let ok = |len: usize| format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n");
    let part = |from: usize, len: usize| {
        let last = LEN - 1;
        format!(
            "HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: {len}\r\n\
             Content-Range: bytes {from}-{last}/{LEN}\r\n\r\n"
        )
    };
    let head = range.map_or(ok(LEN), |from| part(from, LEN.saturating_sub(from)));
    match answer {
        Answer::Whole => send(stream, &ok(LEN), &good),
        Answer::Range if range.is_some_and(|from| from >= LEN) => send(
            stream,
            "HTTP/1.1 416 Range Not Satisfiable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            &[],
        ),
        Answer::Range => send(stream, &head, rest),
        Answer::CutAfter(n) => send(stream, &head, &rest[..(*n).min(rest.len())]),
        Answer::CutWithoutLength(n) => {
            send(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &good[..*n])
        }
        Answer::StallAfter(n) => {
            send(stream, &head, &rest[..(*n).min(rest.len())])?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Answer::Silence => {
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        Answer::Short(n) => send(stream, &ok(*n), &good[..*n]),
        Answer::TooMuch => send(stream, &ok(LEN + 100), &[&good[..], &[7; 100]].concat()),
        Answer::Endless => {
            send(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &[])?;
            loop {
                stream.write_all(&good)?;
            }
        }
        Answer::Wrong => send(stream, &ok(LEN), &vec![7; LEN]),
        Answer::OtherPart => send(stream, &part(1000, LEN - 1000), &good[1000..]),
        Answer::LyingPart => send(stream, &head, &vec![7; rest.len()]),
        Answer::Status(code) => send(
            stream,
            &format!("HTTP/1.1 {code} No\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"),
            b"page",
        ),
        Answer::Redirect(to) => send(
            stream,
            &format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            ),
            &[],
        ),
        Answer::Rubbish => send(stream, "\0\x01\x02 what?\r\n\r\n", &good),
        Answer::Slowly => {
            stream.write_all(head.as_bytes())?;
            for piece in rest.chunks(3000) {
                stream.write_all(piece)?;
                thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        }
    }
}

fn send(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

fn fetch(folder: &Path, mirrors: &[&Server]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fetch"));
    for variable in ["NB_OFFLINE", "http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    command.args(["--patience", "1", "--file", NAME, "--accept", &md5(&good()), "--to"]).arg(folder);
    mirrors.iter().for_each(|server| _ = command.args(["--mirror", &server.url()]));
    command
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
    for answer in bad {
        println!("{answer:?}");
        let folder = tempfile::tempdir().unwrap();
        check_success(&folder, &run(&folder, &[&Server::new(&[answer]), &Server::new(&[Answer::Range])]));
    }
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

#[test]
fn a_server_that_never_ends() {
    fails_then_recovers(Answer::Endless, "more than");
}

#[test]
fn redirects_and_redirects_in_a_circle() {
    let folder = tempfile::tempdir().unwrap();
    let good = Server::new(&[Answer::Range]);
    let server = Server::new(&[Answer::Redirect(good.url())]);
    check_success(&folder, &run(&folder, &[&server]));
    fails_then_recovers(Answer::Redirect("/again".into()), "redirect");
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
    let command = fetch(folder.path(), &[&server]);
    let all: Vec<_> =
        command.get_args().filter(|argument| *argument != "--file" && *argument != NAME).collect();
    let output = Command::new(command.get_program()).args(all).env_remove("NB_OFFLINE").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    assert_eq!(fs::read(folder.path().join("train-images-idx3-ubyte.gz")).unwrap(), good());
    assert_eq!(server.asked().len(), 5);
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

#[test]
fn a_folder_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output =
        fetch(&folder.path().join("file/folder"), &[&Server::new(&[Answer::Whole])]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A limit on the size of files fails a write as a full disk does.
#[cfg(unix)]
#[test]
fn the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Range]);
    let unlimited = fetch(folder.path(), &[&server]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"]).arg(unlimited.get_program());
    let output = limited.args(unlimited.get_args()).env_remove("NB_OFFLINE").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("writing") && message.contains("will be continued"), "{message}");
    assert!(!file(&folder).exists());
    let kept = fs::metadata(part(&folder)).unwrap().len() as usize;
    check_success(&folder, &run(&folder, &[&server]));
    assert_eq!(server.asked(), [None, Some(kept)], "only the rest was asked for");
}

#[test]
fn two_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Slowly]);
    let run = || fetch(folder.path(), &[&server]).stdout(Stdio::piped()).spawn().unwrap();
    let both: Vec<_> = [run(), run()].into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    both.iter().for_each(|output| check_success(&folder, output));
    check_folder(&folder);
    assert_eq!(server.asked(), [None], "one waited, and found it there");
}

#[test]
fn killed_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Slowly]);
    for i in 0..50 {
        let mut child = fetch(folder.path(), &[&server]).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(i * 13 % 97));
        child.kill().unwrap();
        child.wait().unwrap();
        check_folder(&folder);
        if i % 10 == 9 {
            // Otherwise only the first few would find anything left to do.
            check_success(&folder, &run(&folder, &[&server]));
            fs::remove_file(file(&folder)).unwrap();
        }
    }
}
