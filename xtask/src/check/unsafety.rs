//! `unsafe` stays where it is: the workspace's lint forbids it, and only two files may lift that.

use crate::sources::Sources;
use crate::stages::{Stage, Workspace};
use proc_macro2::{TokenStream, TokenTree};
use std::path::Path;

/// The product with its modules, and the call of MKL.
const MAY: [&str; 2] = ["crates/nb01_matmul/src/matmul/mod.rs", "crates/nb01_matmul/src/ladder/blas.rs"];

pub(super) fn problems(stage: &Stage, workspace: &Workspace, sources: &Sources) -> Vec<String> {
    let src = stage.package.folder.join("src");
    let mut files: Vec<&Path> = sources.modules.iter().map(|m| m.file.as_path()).collect();
    files.retain(|file| file.starts_with(&src));
    files.sort();
    files.dedup();
    lints(stage).into_iter().chain(files.into_iter().flat_map(|file| in_file(file, workspace))).collect()
}

/// A stage that has not taken the workspace's lints over may do anything anywhere.
fn lints(stage: &Stage) -> Option<String> {
    let manifest = std::fs::read_to_string(stage.package.folder.join("Cargo.toml")).unwrap_or_default();
    let lines: Vec<&str> = manifest.lines().map(str::trim).collect();
    let are_ours = lines.windows(2).any(|w| w == ["[lints]", "workspace = true"]);
    let way_out = "write `[lints]` and below it `workspace = true`";
    (!are_ours).then(|| format!("{}/Cargo.toml: its lints are not the workspace's: {way_out}", stage.shown()))
}

fn in_file(file: &Path, workspace: &Workspace) -> Vec<String> {
    let name = workspace.relative(file).replace('\\', "/");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = if MAY.contains(&name.as_str()) { vec![] } else { allowed(text.parse().unwrap_or_default()) };
    let problem =
        |line| format!("{name}:{line}: it allows unsafe code, which only {} may", MAY.join(" and "));
    lines.into_iter().map(problem).collect()
}

/// The lines of each `allow(…, unsafe_code, …)`, in whatever attribute or macro it stands.
fn allowed(tokens: TokenStream) -> Vec<usize> {
    let (mut lines, mut lifts) = (vec![], false);
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            let names = |name: &TokenTree| matches!(name, TokenTree::Ident(i) if i == "unsafe_code");
            if lifts && group.stream().into_iter().any(|name| names(&name)) {
                lines.push(group.span().start().line);
            }
            lines.extend(allowed(group.stream()));
        }
        lifts = matches!(&token, TokenTree::Ident(i) if ["allow", "expect", "warn"].iter().any(|level| i == level));
    }
    lines
}
