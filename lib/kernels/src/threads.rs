//! Many tasks, several threads, and the same result however many there are.
//!
//! A product is cut into tasks by its shape alone; each task writes its own part of the result, and always in the
//! same way. Which thread takes which task, and how many threads there are, then changes nothing but the time.
//!
//! The thread that calls works too. It invites the workers of the current rayon pool and takes tasks at once; workers
//! that wake in time take what is left, one task after the other; one that wakes after the last task was
//! taken returns at once. So the caller never waits for a sleeping thread, which can take longer than a small product. For the
//! same reason a worker that has run out of tasks spins for a moment before it goes back to rayon: products come in rows.
//!
//! The caller takes tasks from the front, workers from the back. If one call writes an array and the next one reads it, on
//! two threads each then finds most of its part in its own core's cache. A line that lies in the other core's cache takes
//! longer to arrive than a small product takes to compute.
//!
//! A task may itself be a product worth sharing, as each of a batch is. Where there are tasks enough for all threads, it is
//! left to the thread that took it; only few and large ones are divided again.
//!
//! `RAYON_NUM_THREADS` sets the size of rayon's own pool; `NB_THREADS` limits how many threads work on one call.

use crate::settings;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Multiplications and additions below which waking another thread costs more than it brings.
const WORTH_WAKING: f64 = 4e5;

/// Tasks for each thread from which on none is divided again: the first thread to finish does not wait long.
const ENOUGH: usize = 4;

/// The same where a worker is awake, as in the middle of a training step.
const WORTH_INVITING: f64 = 1e5;

/// How many threads should work on a product of so many multiplications and additions.
pub(crate) fn threads_for(operations: f64) -> usize {
    let awake = LINGERING.load(Ordering::Relaxed) > 0;
    let least = if awake { WORTH_INVITING } else { WORTH_WAKING };
    if operations < least || ALL_TAKEN.get() { 1 } else { most_threads() }
}

/// How many threads may work on one product at all.
pub fn most_threads() -> usize {
    rayon::current_num_threads().min(limit())
}

thread_local! {
    /// Whether this thread works on a task of which there are enough for all threads that may work.
    static ALL_TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// What `NB_THREADS` says, or no limit.
fn limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| match settings::variable("NB_THREADS") {
        Some(text) => match text.parse() {
            Ok(threads) if threads > 0 => threads,
            _ => panic!("NB_THREADS={text}: not a number of threads; 1 or more is"),
        },
        None => usize::MAX,
    })
}

/// Calls `work` once for every task below `tasks`, on as many threads as `operations` are worth; returns when all
/// are done. If a task panics, so does this, and the tasks that no thread has taken are left undone.
pub(crate) fn for_each(tasks: usize, operations: f64, work: impl Fn(usize) + Sync) {
    for_each_task(tasks, operations, &|task| work(task.index));
}

/// One of some tasks, and the end at which it was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Task {
    index: usize,
    end: End,
}

/// Callers take tasks from the front, helpers from the back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Front,
    Back,
}

/// More tasks than two halves of a counter hold; so many are not shared.
const TOO_MANY: usize = 1 << 31;

/// Not generic, so that its dealings with rayon are compiled once and not for each loop of this crate and its callers.
fn for_each_task(tasks: usize, operations: f64, work: &(dyn Fn(Task) + Sync)) {
    let helpers = threads_for(operations).min(tasks).saturating_sub(1);
    if helpers == 0 || tasks >= TOO_MANY {
        return (0..tasks).for_each(|index| work(Task { index, end: End::Front }));
    }
    // SAFETY: only the lifetime is forgotten. The reference is used by this thread and by helpers inside the gate,
    // and `closing` closes the gate and waits until nobody is inside before `work` goes, even if it panics.
    let work: &'static (dyn Fn(Task) + Sync) =
        unsafe { std::mem::transmute::<&(dyn Fn(Task) + Sync), &'static (dyn Fn(Task) + Sync)>(work) };
    let enough = limit() < usize::MAX || tasks >= ENOUGH * (helpers + 1);
    let gate = Arc::new(Gate::new(work, tasks, enough));
    let closing = Closing(&gate);
    // Inside a pool, rayon has other work for its workers than to linger, and workers of other pools are not invited.
    let nested = rayon::current_thread_index().is_some();
    let awake = if nested { 0 } else { invite(&gate, helpers) };
    for _ in awake..helpers {
        let gate = Arc::clone(&gate);
        rayon::spawn(move || {
            gate.help();
            drop(gate);
            if !nested {
                linger();
            }
        });
    }
    gate.take_tasks(End::Front);
    drop(closing);
    if let Some(panic) = gate.panic().take() {
        resume_unwind(panic);
    }
}

/// Calls `work` once with every item, on as many threads as `operations` are worth; returns when all are done.
///
/// If a call panics, so does this, and the items that no thread has taken are left.
pub fn share<I>(items: I, operations: f64, work: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + DoubleEndedIterator + Send,
{
    share_by(items, operations, work, |items, end| match end {
        End::Front => items.next(),
        End::Back => items.next_back(),
    });
}

/// [`share`] in the items' order: a thread that is ready takes the first that is left.
pub(crate) fn share_in_order<I>(items: I, operations: f64, work: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
{
    share_by(items, operations, work, |items, _| items.next());
}

fn share_by<I: ExactSizeIterator + Send>(
    items: I,
    operations: f64,
    work: impl Fn(I::Item) + Sync,
    next: impl Fn(&mut I, End) -> Option<I::Item> + Sync,
) {
    let tasks = items.len();
    let items = Mutex::new(items);
    let next = |end| next(&mut items.lock().unwrap_or_else(PoisonError::into_inner), end);
    for_each_task(tasks, operations, &|task| {
        if let Some(item) = next(task.end) {
            work(item)
        }
    });
}

/// How long a worker waits for the next product.
const LINGER: Duration = Duration::from_micros(50);

/// Invitations for workers that linger, and (without asking for the lock) how many there are.
static BOARD: Mutex<Vec<Arc<Gate>>> = Mutex::new(Vec::new());
static INVITATIONS: AtomicUsize = AtomicUsize::new(0);

/// How many workers linger.
static LINGERING: AtomicUsize = AtomicUsize::new(0);

fn board() -> MutexGuard<'static, Vec<Arc<Gate>>> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Invites at most `helpers` of the workers that linger, and says how many.
fn invite(gate: &Arc<Gate>, helpers: usize) -> usize {
    let awake = LINGERING.load(Ordering::Relaxed).min(helpers);
    if awake > 0 {
        let mut board = board();
        board.extend((0..awake).map(|_| Arc::clone(gate)));
        INVITATIONS.store(board.len(), Ordering::Relaxed);
    }
    awake
}

/// Takes back the invitations that no worker followed.
fn take_back(gate: &Arc<Gate>) {
    if INVITATIONS.load(Ordering::Relaxed) > 0 {
        let mut board = board();
        board.retain(|other| !Arc::ptr_eq(other, gate));
        INVITATIONS.store(board.len(), Ordering::Relaxed);
    }
}

/// Follows invitations until there has been none for a while.
fn linger() {
    LINGERING.fetch_add(1, Ordering::Relaxed);
    let mut since = Instant::now();
    while since.elapsed() < LINGER {
        for _ in 0..32 {
            std::hint::spin_loop();
        }
        if INVITATIONS.load(Ordering::Relaxed) > 0 {
            let mut board = board();
            let gate = board.pop();
            INVITATIONS.store(board.len(), Ordering::Relaxed);
            drop(board);
            if let Some(gate) = gate {
                LINGERING.fetch_sub(1, Ordering::Relaxed);
                gate.help();
                LINGERING.fetch_add(1, Ordering::Relaxed);
                since = Instant::now();
            }
        }
    }
    LINGERING.fetch_sub(1, Ordering::Relaxed);
}

/// The tasks of one product, and who is working on them.
struct Gate {
    work: &'static (dyn Fn(Task) + Sync),
    tasks: usize,
    /// Whether they keep all threads busy, or all that `NB_THREADS` allows.
    enough: bool,
    /// How many tasks were taken at the front (the lower half of the bits) and at the back.
    taken: AtomicU64,
    /// How many helpers are inside, and [`CLOSED`].
    inside: AtomicUsize,
    /// What a helper's task panicked with: the caller panics with it, where rayon would end the program.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The bit of `inside` that says that all tasks are taken.
const CLOSED: usize = 1 << (usize::BITS - 1);

impl Gate {
    fn new(work: &'static (dyn Fn(Task) + Sync), tasks: usize, enough: bool) -> Self {
        let (taken, inside) = (AtomicU64::new(0), AtomicUsize::new(0));
        Gate { work, tasks, enough, taken, inside, panic: Mutex::new(None) }
    }

    fn panic(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next task at this end, if there is one that no thread has taken.
    fn take(&self, end: End) -> Option<Task> {
        const BACK: u32 = u64::BITS / 2;
        let one = if end == End::Front { 1 } else { 1 << BACK };
        let before = self.taken.fetch_add(one, Ordering::Relaxed);
        let (front, back) = (before as u32 as usize, (before >> BACK) as usize);
        let index = if end == End::Front { front } else { self.tasks.wrapping_sub(1 + back) };
        (front + back < self.tasks).then_some(Task { index, end })
    }

    /// Takes what is left, so that nobody else does.
    fn leave_the_rest(&self) {
        self.taken.store(self.tasks as u64, Ordering::Relaxed);
    }

    fn take_tasks(&self, end: End) {
        struct Restored(bool);
        impl Drop for Restored {
            fn drop(&mut self) {
                ALL_TAKEN.set(self.0); // even if a task panics
            }
        }
        let _outer = Restored(ALL_TAKEN.replace(self.enough));
        while let Some(task) = self.take(end) {
            (self.work)(task);
        }
    }

    /// A helper's life: in, if there is still time, some tasks, and out.
    fn help(&self) {
        struct Leaving<'a>(&'a Gate);
        impl Drop for Leaving<'_> {
            fn drop(&mut self) {
                self.0.inside.fetch_sub(1, Ordering::Release);
            }
        }
        let found = self.inside.fetch_add(1, Ordering::Acquire);
        let _leaving = Leaving(self);
        if found & CLOSED == 0
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_tasks(End::Back)))
        {
            self.leave_the_rest();
            *self.panic() = Some(panic);
        }
    }
}

/// Closes the gate when dropped, and waits for those inside.
struct Closing<'a>(&'a Arc<Gate>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.leave_the_rest(); // where the caller panicked, some were left
        take_back(self.0);
        let mut inside = self.0.inside.fetch_or(CLOSED, Ordering::Acquire) & !CLOSED;
        let mut spins = 0;
        while inside > 0 {
            spins += 1;
            if spins < 10_000 {
                std::hint::spin_loop()
            } else {
                std::thread::yield_now()
            }
            inside = self.0.inside.load(Ordering::Acquire) & !CLOSED;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::process::Command;

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in 1..5 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for tasks in [0, 1, 2, 3, 100] {
                let runs: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.install(|| {
                    for_each(tasks, 1e9, |task| {
                        runs[task].fetch_add(1, Ordering::Relaxed);
                    })
                });
                assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
            }
        }
    }

    /// In quick succession and outside of any pool of ours, so that workers linger and are invited.
    #[test]
    fn every_task_runs_once_in_a_row_of_products() {
        for round in 0..500 {
            let runs: Vec<_> = (0..1 + round % 40).map(|_| AtomicUsize::new(0)).collect();
            for_each(runs.len(), 1e9, |task| {
                runs[task].fetch_add(1, Ordering::Relaxed);
            });
            assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "round {round}");
        }
    }

    #[test]
    fn tasks_taken_at_both_ends_meet_and_none_is_taken_twice() {
        let gate = Gate::new(&|_| {}, 5, false);
        let taken = [End::Back, End::Front, End::Front, End::Back, End::Front, End::Back, End::Front];
        let taken = taken.map(|end| gate.take(end).map(|task| task.index));
        assert_eq!(taken, [Some(4), Some(0), Some(1), Some(3), Some(2), None, None]);
    }

    /// Plain memory, written here and read there: ThreadSanitizer and Miri see whether anybody could have come too early.
    #[test]
    fn what_the_threads_wrote_is_there_afterwards() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for round in 0..30 {
            let mut numbers = vec![0; 300];
            pool.install(|| share(numbers.chunks_mut(7), 1e9, |few| few.fill(round)));
            assert!(numbers.iter().all(|&number| number == round));
        }
    }

    #[test]
    fn tasks_are_divided_again_only_where_there_are_few() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for (tasks, threads) in [(2, 2), (7, 2), (8, 1), (100, 1)] {
            let ask = |_| assert_eq!(threads_for(1e9), threads, "inside one of {tasks} tasks on two threads");
            pool.install(|| for_each(tasks, 1e9, ask));
            assert_eq!(pool.install(|| threads_for(1e9)), 2, "and afterwards");
        }
    }

    /// Whichever thread it is on, the caller's or a helper's, which may not end the program.
    #[test]
    fn a_task_that_panics_is_heard_of_and_leaves_the_threads_as_they_were() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        pool.install(|| {
            let caller = std::thread::current().id();
            for of_the_caller in [true, false] {
                let runs = AtomicUsize::new(0);
                let work = |_| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(1));
                    if (std::thread::current().id() == caller) == of_the_caller {
                        resume_unwind(Box::new("the task's own fault")); // a panic without the time to print it
                    }
                };
                let panic = catch_unwind(|| for_each(500, 1e9, work)).expect_err("one of them panics");
                assert!(panic.downcast_ref::<&str>().is_some_and(|said| said.contains("own fault")));
                assert!(runs.into_inner() < 500, "the others are left undone");
                assert_eq!(threads_for(1e9), 2);
            }
        });
    }

    /// What the process of the next test runs: tasks that are divided again, and who works on them.
    #[test]
    fn threads_counted() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let seen = Mutex::new(HashSet::new());
        pool.install(|| {
            share([0; 3].iter(), 1e9, |_| {
                for_each(20, 1e9, |_| {
                    seen.lock().unwrap().insert(std::thread::current().id());
                    std::thread::sleep(Duration::from_millis(1));
                })
            })
        });
        println!("{} threads", seen.lock().unwrap().len());
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri starts no processes")]
    fn nb_threads_limits_also_tasks_that_are_divided_again() {
        let printed = |limit: &str| {
            let mut program = Command::new(std::env::current_exe().unwrap());
            program.args(["--exact", "threads::tests::threads_counted", "--nocapture"]);
            let output = program.env("NB_THREADS", limit).output().unwrap();
            String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
        };
        for limit in [1, 2] {
            let printed = printed(&limit.to_string());
            assert!(printed.contains(&format!("{limit} threads")), "NB_THREADS={limit}: {printed}");
        }
        for limit in ["0", "two", "-1"] {
            let printed = printed(limit);
            assert!(printed.contains(&format!("NB_THREADS={limit}: not a number of threads")), "{printed}");
        }
    }
}
