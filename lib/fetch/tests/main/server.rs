//! A server on this machine that misbehaves as it is told to.

use super::{LEN, good};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Whole,
    /// Sends from where it is asked to.
    Range,
    /// Sends from where it is asked to, and hangs up after so many bytes.
    CutAfter(usize),
    /// Hangs up after so many bytes, having promised nothing.
    CutWithoutLength(usize),
    StallAfter(usize),
    Silence,
    /// A byte now and then, for ever.
    Trickle,
    /// Sends the whole file below these headers.
    Headers(&'static str),
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
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) asked: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    pub(crate) fn new(answers: &[Answer]) -> Server {
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

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Option<usize>> {
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
        Answer::Trickle => {
            send(stream, &head, &[])?;
            for byte in rest {
                stream.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Answer::Headers(lines) => {
            send(stream, &format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{lines}\r\n\r\n"), &good)
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
                thread::sleep(Duration::from_millis(3));
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
