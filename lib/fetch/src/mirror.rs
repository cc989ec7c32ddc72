//! One attempt at one mirror.

use crate::error::{Failure, FetchError};
use crate::folder::Folder;
use indicatif::ProgressBar;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

const REDIRECTS: u32 = 5;

/// Fewer bytes a second than this are not waited for: MNIST would take an hour.
const SLOWEST: u64 = 5_000;

/// Somebody who has a file.
pub(crate) struct Mirror<'a> {
    pub(crate) url: &'a str,
    /// How long to wait for the next bytes.
    pub(crate) patience: Duration,
}

impl Mirror<'_> {
    /// Appends to the part what it lacks. `None` if the mirror has no more, else what kept it from going on;
    /// an error only if no other mirror could do better.
    pub(crate) fn append(
        &self,
        folder: &Folder,
        limit: u64,
        bar: &ProgressBar,
    ) -> Result<Option<Failure>, FetchError> {
        let have = folder.len()?;
        let response = match self.ask(have) {
            Ok(response) => response,
            Err(why) => return Ok(Some(why.into())),
        };
        let from = match response.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(&response, have) => have,
            StatusCode::OK => 0,
            // The part is as long as the file or longer: its checksum will tell.
            StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => return Ok(None),
            StatusCode::PARTIAL_CONTENT => return restart(folder),
            status => return Ok(Some(Failure::Status(status.as_u16()))),
        };
        let mut part = folder.part_from(from)?;
        let pieces = in_background(response.into_body());
        let mut len = from;
        let mut pace = Pace { since: Instant::now(), len };
        loop {
            bar.set_position(len);
            let piece = match pieces.recv_timeout(self.patience) {
                Ok(Ok(piece)) => piece,
                Ok(Err(error)) => return Ok(Some(Failure::Cut(error))),
                Err(RecvTimeoutError::Timeout) => return Ok(Some(Failure::Stalled(self.patience))),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            };
            len += piece.len() as u64;
            if len > limit {
                drop(part);
                folder.part_from(0)?;
                return Ok(Some(Failure::TooLong(limit)));
            }
            part.write_all(&piece).map_err(folder.failed("writing", &folder.part))?;
            if let Some(slow) = pace.too_slow(len, self.patience) {
                return Ok(Some(slow));
            }
        }
    }

    fn ask(&self, have: u64) -> Result<Response<Body>, ureq::Error> {
        let agent: Agent = Agent::config_builder()
            .max_redirects(REDIRECTS)
            .timeout_resolve(Some(self.patience))
            .timeout_connect(Some(self.patience))
            .timeout_send_request(Some(self.patience))
            .timeout_recv_response(Some(self.patience))
            .http_status_as_error(false)
            .build()
            .into();
        let request = agent.get(self.url);
        // Otherwise a server may unpack the archive, or pack it again.
        let request = request.header("Accept-Encoding", "identity");
        match have {
            0 => request.call(),
            have => request.header("Range", format!("bytes={have}-")).call(),
        }
    }
}

/// How much there was when, to see whether more comes fast enough.
struct Pace {
    since: Instant,
    len: u64,
}

impl Pace {
    /// Looks back over each span of `patience`: a server that sends a byte now and then never stalls.
    fn too_slow(&mut self, len: u64, patience: Duration) -> Option<Failure> {
        let time = self.since.elapsed();
        if time < patience {
            return None;
        }
        let bytes = len - self.len;
        *self = Pace { since: Instant::now(), len };
        let slow = bytes < SLOWEST * time.as_secs();
        slow.then_some(Failure::Slow { bytes, time, slowest: SLOWEST })
    }
}

/// A server that sends another part than it was asked for is not asked for parts again.
fn restart(folder: &Folder) -> Result<Option<Failure>, FetchError> {
    folder.part_from(0)?;
    Ok(Some(Failure::WrongPart))
}

/// Whether `Content-Range: bytes 100-199/200` starts at `have`.
fn starts_at(response: &Response<Body>, have: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    start.is_some_and(|(start, _)| start.parse() == Ok(have))
}

/// Reads in a thread of its own, which a server that sends nothing cannot stop us from leaving behind.
fn in_background(body: Body) -> Receiver<std::io::Result<Vec<u8>>> {
    let (send, receive) = sync_channel(4);
    let mut reader = body.into_reader();
    thread::spawn(move || {
        loop {
            let mut piece = vec![0; 1 << 16];
            let result = reader.read(&mut piece).map(|len| {
                piece.truncate(len);
                piece
            });
            let last = result.as_ref().map_or(true, Vec::is_empty);
            if result.as_ref().is_ok_and(Vec::is_empty) || send.send(result).is_err() || last {
                return;
            }
        }
    });
    receive
}
