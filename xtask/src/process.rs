//! Running a program. [`listen`] hears it: what it prints arrives in order, a time limit ends it, and Ctrl-C ends it
//! together with everything that it has started itself. [`status`], [`output`] and [`hand_over`] wait for one that shares our
//! terminal, as cargo does: there Ctrl-C reaches it without us, and what that has ended did not fail.

use anyhow::{Context, Result, ensure};
use std::io::{ErrorKind, PipeReader, Read};
use std::process::{Child, Command, ExitCode, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
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

/// The cargo that started us, or else the one that the shell would find.
///
/// `cargo run` tells xtask about xtask's own package. Passed on, that would look like a changed environment to
/// the build scripts of others, and they would be built again for us and once more for the person at the shell.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let about_us = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(about_us)) {
        command.env_remove(name);
    }
    command
}

/// From now on Ctrl-C ends what runs below us, and then us.
pub(crate) fn handle_interrupts() -> Result<()> {
    match ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)) {
        Err(ctrlc::Error::MultipleHandlers) | Ok(()) => Ok(()),
        Err(e) => Err(e).context("Ctrl-C cannot be listened to"),
    }
}

/// The error of whatever Ctrl-C has ended.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// An error if Ctrl-C was pressed.
pub(crate) fn go_on() -> Result<()> {
    if interrupted() { Err(Interrupted.into()) } else { Ok(()) }
}

/// Waits for a program. It is an error if it does not start, or if Ctrl-C was pressed; so it is with the next two.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let status = command.status().with_context(|| does_not_start(command))?;
    unless_by_ctrl_c(status).map(|()| status)
}

/// Waits for a program that has to end well; if it does not, the error is `or_else`.
pub(crate) fn succeed(command: &mut Command, or_else: &str) -> Result<()> {
    ensure!(status(command)?.success(), "{or_else}");
    Ok(())
}

/// Waits for a program, and keeps what it prints where nothing else is said.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| does_not_start(command))?;
    unless_by_ctrl_c(output.status).map(|()| output)
}

/// Lets a program have our terminal, and ends with its exit code; where a signal ended it, with what a shell says then:
/// 141 for SIGPIPE.
pub(crate) fn hand_over(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().with_context(|| does_not_start(command))?;
    let code = status.code().or(signal(status).map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn does_not_start(command: &Command) -> String {
    format!("{} does not start", command.get_program().display())
}

/// The program may be gone before our own handler, on its thread, has noted that Ctrl-C was pressed.
fn unless_by_ctrl_c(status: ExitStatus) -> Result<()> {
    if signal(status) == Some(SIGINT) { Err(Interrupted.into()) } else { go_on() }
}

const SIGINT: i32 = 2;

/// What ended it, if it was a signal.
#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Runs `command` to its end and hands over what it prints, standard output and error as one stream.
///
/// `hear` gets the bytes as they arrive and says whether the clock of the time limit starts anew; its error
/// ends the program.
pub(crate) fn listen(
    mut command: Command,
    limit: Duration,
    mut hear: impl FnMut(&[u8]) -> Result<bool>,
) -> Result<End> {
    let (reader, writer) = std::io::pipe().context("no pipe for the program's output")?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    own_group(&mut command);
    let mut child = command.spawn().with_context(|| does_not_start(&command))?;
    // Our own ends of the pipe have to go, else it never runs dry.
    drop(command);
    let output = chunks(reader);
    let mut clock = Instant::now();
    loop {
        match output.recv_timeout(POLL) {
            Ok(bytes) => match hear(&bytes) {
                Ok(anew) => clock = if anew { Instant::now() } else { clock },
                Err(e) => {
                    kill(&mut child);
                    return Err(e);
                }
            },
            // Asked at every silence: what it started in the background may keep the pipe open for ever.
            Err(why) => {
                if let Some(status) = child.try_wait()? {
                    hear_the_rest(&output, &mut hear)?;
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

/// Of a program that prints more than this, only the end is kept, which has the result.
const KEPT: usize = 1 << 24;

/// Runs `command` to its end: how it ended, and what it printed.
pub(crate) fn listen_to_end(command: Command, limit: Duration) -> Result<(End, String)> {
    let mut bytes = vec![];
    let end = listen(command, limit, |more| {
        bytes.extend_from_slice(more);
        if bytes.len() > KEPT {
            bytes.drain(..KEPT / 2);
        }
        Ok(false)
    })?;
    Ok((end, String::from_utf8_lossy(&bytes).into_owned()))
}

/// What is still on its way when the program has ended: on a busy machine it may come a little later.
fn hear_the_rest(output: &Receiver<Vec<u8>>, hear: &mut impl FnMut(&[u8]) -> Result<bool>) -> Result<()> {
    let end = Instant::now() + POLL * 20;
    while let Ok(bytes) = output.recv_timeout(end.saturating_duration_since(Instant::now())) {
        hear(&bytes)?;
    }
    Ok(())
}

/// Reads on a thread of its own, so that waiting for output can be given up.
fn chunks(mut reader: PipeReader) -> Receiver<Vec<u8>> {
    // A program that prints faster than we show has to wait.
    let (send, receive) = sync_channel(16);
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
