//! Running a program while listening to it: what it prints arrives in order, a time limit ends it, and
//! Ctrl-C ends it together with everything that it has started itself.

use anyhow::{Context, Result};
use std::io::{ErrorKind, PipeReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a silence lasts before we look whether something has happened.
const POLL: Duration = Duration::from_millis(50);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How a program ended.
pub(crate) enum End {
    Exit(ExitStatus),
    TimeLimit,
    Interrupt,
}

/// Whether Ctrl-C was pressed.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// From now on Ctrl-C ends what runs below us, and then us.
pub(crate) fn handle_interrupts() -> Result<()> {
    match ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)) {
        Err(ctrlc::Error::MultipleHandlers) | Ok(()) => Ok(()),
        Err(e) => Err(e).context("Ctrl-C cannot be listened to"),
    }
}

/// Runs `command` to its end and hands over what it prints, standard output and error as one stream.
///
/// `hear` gets the bytes as they arrive and says whether the clock of the time limit starts anew.
pub(crate) fn listen(
    mut command: Command,
    limit: Duration,
    mut hear: impl FnMut(&[u8]) -> bool,
) -> Result<End> {
    let (reader, writer) = std::io::pipe().context("no pipe for the program's output")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    own_group(&mut command);
    let mut child =
        command.spawn().with_context(|| format!("{} does not start", command.get_program().display()))?;
    // Our own ends of the pipe have to go, else it never runs dry.
    drop(command);
    let output = chunks(reader);
    let mut clock = Instant::now();
    loop {
        match output.recv_timeout(POLL) {
            Ok(bytes) => clock = if hear(&bytes) { Instant::now() } else { clock },
            // Asked at every silence: what it started in the background may keep the pipe open for ever.
            Err(why) => {
                if let Some(status) = child.try_wait()? {
                    return Ok(End::Exit(status));
                }
                if why == RecvTimeoutError::Disconnected {
                    std::thread::sleep(POLL / 50);
                }
            }
        }
        if interrupted() || clock.elapsed() > limit {
            kill(&mut child);
            return Ok(if interrupted() { End::Interrupt } else { End::TimeLimit });
        }
    }
}

/// Reads on a thread of its own, so that waiting for output can be given up.
fn chunks(mut reader: PipeReader) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 16];
        loop {
            match reader.read(&mut buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
                Ok(n) if send.send(buffer[..n].to_vec()).is_err() => break,
                Ok(_) => {}
            }
        }
    });
    receive
}

/// A process group of its own can be ended as a whole: a test may have started cargo, and cargo rustc.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn kill(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // It may have ended by itself in this moment, which is what we want.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.wait();
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

#[cfg(not(unix))]
fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
