//! What happens to the process itself: no room, a second one, and the end at any moment.

use super::server::{Answer, Server};
use super::skipped::skipped;
use super::{LEN, at_once, check_folder, check_success, fetch, file, part, patient, random, run};
use std::array::from_fn;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// A limit on the size of files fails a write as a full disk does.
#[cfg(unix)]
#[test]
fn the_file_may_not_grow() {
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

/// A real disk, in a namespace of its own: full after two thirds of the file, then with room again.
#[cfg(target_os = "linux")]
#[test]
fn the_disk_is_full() {
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size=200k none "$0" || exit 77
        "$@"; echo "full: $?"; ls "$0"
        mount -o remount,size=2m "$0" || exit 77
        "$@"; echo "room: $?"; ls "$0"
        wc -c < "$0/mnist.pkl.gz""#;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(&[Answer::Range]);
    let command = fetch(folder.path(), &[&server]);
    let mut inside = Command::new("unshare");
    inside.args(["--map-root-user", "--mount", "sh", "-c", SCRIPT]).arg(folder.path());
    inside.arg(command.get_program()).args(command.get_args()).env_remove("NB_OFFLINE");
    let output = match inside.output() {
        Ok(output) if output.stdout.starts_with(b"full") => output,
        other => return skipped("a full disk", &format!("no file system could be mounted: {other:?}")),
    };
    let (said, message) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        message.contains("No space left on device") && message.contains("will be continued"),
        "{message}"
    );
    let whole = file(&folder).display().to_string();
    let expected = format!("full: 1\nmnist.pkl.gz.part\n{whole}\nroom: 0\nmnist.pkl.gz\n{LEN}\n");
    assert_eq!(said, expected, "{message}");
    assert!(matches!(server.asked()[..], [None, Some(1..LEN)]), "only the rest was asked for");
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
fn who_waits_goes_on_where_the_other_one_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (slow, quick) = (Server::new(&[Answer::StallAfter(100_000)]), Server::new(&[Answer::Range]));
    let mut first = patient("60", folder.path(), &[&slow]).spawn().unwrap();
    let start = Instant::now();
    while fs::metadata(part(&folder)).map_or(0, |part| part.len()) < 100_000 {
        assert!(start.elapsed() < Duration::from_secs(20), "the first one gets nothing");
        thread::sleep(Duration::from_millis(5));
    }
    let second = fetch(folder.path(), &[&quick]).stdout(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_millis(100));
    first.kill().unwrap();
    first.wait().unwrap();
    check_success(&folder, &second.wait_with_output().unwrap());
    check_folder(&folder);
    assert_eq!(quick.asked(), [Some(100_000)]);
}

/// Fifty times at another moment: before it begins, in the middle, at the checksum, or when all is done.
#[test]
fn killed_at_any_moment() {
    let (slow, quick) = (Server::new(&[Answer::Slowly]), Server::new(&[Answer::Range]));
    let mut moment = random(50);
    let moments: [u64; 50] = from_fn(|_| moment() * 2);
    let ends = Mutex::new(vec![]);
    // Most of the time is waiting, so ten of them wait at once.
    at_once(moments.chunks(5), |moments| {
        for &moment in moments {
            let end = killed_after(moment, &slow, &quick);
            ends.lock().unwrap().push(end);
        }
    });
    let ends = ends.into_inner().unwrap();
    println!("{ends:?}");
    assert_eq!(ends.len(), 50);
    assert!(ends.contains(&End::OnTheWay), "none of the moments was on the way");
}

/// How far a download had come when it was killed.
#[derive(Debug, PartialEq)]
enum End {
    BeforeTheFirstByte,
    OnTheWay,
    Whole,
}

/// A download that is killed after so many milliseconds, and the next one, which succeeds.
fn killed_after(moment: u64, slow: &Server, quick: &Server) -> End {
    let folder = tempfile::tempdir().unwrap();
    let mut child = fetch(folder.path(), &[slow]).stdout(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(moment));
    child.kill().unwrap();
    child.wait().unwrap();
    check_folder(&folder);
    let end = match (part(&folder).exists(), file(&folder).exists()) {
        (true, _) => End::OnTheWay,
        (false, true) => End::Whole,
        (false, false) => End::BeforeTheFirstByte,
    };
    check_success(&folder, &run(&folder, &[quick]));
    end
}
