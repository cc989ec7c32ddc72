//! The same calls in a release build and in the debug build of a user's crate.
//!
//! Whatever the stages leave generic is compiled in the user's crate, in a debug build without optimisation. So this part builds a
//! crate outside the workspace, with exactly the manifest that the front page shows, and lets both builds of [`calls`]
//! take turns.

mod calls;
mod user;

use super::{Bench, Contenders};
use crate::contender::Local;
use crate::record::Experiment;
use anyhow::Result;
use calls::{CALLS, Call, Data};
use user::User;

pub(super) fn run(bench: &Bench) -> Result<()> {
    let user = User::start()?;
    bench.noise.also_ours(user.id());
    let mut data = Data::new();
    CALLS.iter().enumerate().try_for_each(|(place, &(name, call))| {
        let reference = vec![vec![call(&mut data)]];
        let experiment = Experiment { part: "debug".into(), name: name.into(), ..Experiment::default() };
        bench.measure(experiment, contenders(&user, &mut data, place, call), &reference)
    })
}

fn contenders<'a>(user: &'a User, data: &'a mut Data, place: usize, call: Call) -> Contenders<'a> {
    vec![
        Box::new(Local {
            name: "nb03 release",
            state: (data, call, f64::NAN),
            work: |(data, call, number)| *number = call(data),
            result: |(_, _, number)| Ok(vec![vec![*number as f32]]),
        }),
        Box::new(user.contender(place)),
    ]
}
