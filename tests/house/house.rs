//! The house as it stands: every file with what it says, and where each name leads, through aliases and re-exports.
//!
//! Nothing here judges; `rules` does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::Visit;

use crate::names::{How, Mention, Reader, Scope};

/// The folders whose files are read.
const FOLDERS: [&str; 4] = ["src", "formats", "tests", "examples"];
/// The crates of ours whose files are parsed: the folder, and the name that an import says.
const CRATES: [(&str, &str); 2] = [("src/", "ssm_rec"), ("formats/src/", "formats")];
/// How many aliases and re-exports are followed before a name counts as unknown.
const DEPTH: usize = 12;

/// Every crate that an import can name: what the manifests list, and what comes with the language.
pub(crate) static FOREIGN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names: BTreeSet<_> = ["std", "core", "alloc", "ssm_rec"].map(String::from).into();
    let manifests = [
        include_str!("../../Cargo.toml"),
        include_str!("../../formats/Cargo.toml"),
    ];
    for manifest in manifests.map(|text| text.parse::<toml::Table>().unwrap()) {
        for table in ["dependencies", "dev-dependencies"] {
            let listed = manifest[table].as_table().unwrap().keys();
            names.extend(listed.map(|name| name.replace('-', "_")));
        }
        // What only some systems have.
        let systems = manifest.get("target").and_then(toml::Value::as_table);
        for system in systems.into_iter().flat_map(toml::Table::values) {
            let listed = system["dependencies"].as_table().unwrap().keys();
            names.extend(listed.map(|name| name.replace('-', "_")));
        }
    }
    names
});

pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The top-level folder or file of `src/`; elsewhere the top-level folder.
    pub(crate) room: String,
}

pub(crate) struct House {
    pub(crate) files: Vec<File>,
    pub(crate) mentions: Vec<Mention>,
    scopes: BTreeMap<String, Scope>,
}

impl House {
    /// The project as it lies on the disk.
    pub(crate) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let paths = FOLDERS.map(|folder| rust_files(&root.join(folder)));
        let sources = paths.into_iter().flatten().map(|path| {
            let name = path.strip_prefix(root).unwrap().to_string_lossy();
            let text = std::fs::read_to_string(&path).unwrap();
            (name.replace('\\', "/"), text)
        });
        Self::of(sources)
    }

    /// A house of these names and texts. Only what lies in a crate of ours is parsed; of the rest the text is enough.
    pub(crate) fn of(sources: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut scopes = BTreeMap::<String, Scope>::new();
        let (mut files, mut mentions) = (Vec::new(), Vec::new());
        for (file, (name, text)) in sources.into_iter().enumerate() {
            if let Some(module) = module_of(&name) {
                for (end, _) in module.match_indices("::") {
                    scopes.entry(module[..end].to_owned()).or_default();
                }
                scopes.entry(module.clone()).or_default().file = file;
                let parsed = syn::parse_file(&text).expect(&name);
                let mut reader = Reader {
                    file,
                    module,
                    test: false,
                    scopes: &mut scopes,
                    mentions: Vec::new(),
                };
                reader.visit_file(&parsed);
                mentions.append(&mut reader.mentions);
            }
            let room = room_of(&name);
            files.push(File { name, text, room });
        }
        for mention in &mut mentions {
            mention.test |= is_for_tests(&scopes, &mention.module);
        }
        Self {
            files,
            mentions,
            scopes,
        }
    }

    /// The whole path of what a mention names, from its crate on; nothing for what a file needs no import for: its
    /// variables, its type parameters, the prelude.
    pub(crate) fn path(&self, mention: &Mention) -> Option<String> {
        let (module, path) = (&mention.module, &mention.path);
        match mention.how {
            How::Method | How::Attribute => None,
            How::Path => self.whole(module, path, false, DEPTH),
            How::Macro if !path.contains("::") => {
                let found = self.whole(module, path, false, DEPTH);
                found.or_else(|| Some(format!("std::{path}")))
            }
            _ => self.whole(module, path, true, DEPTH),
        }
    }

    /// The file that defines what a whole path leads to, as far as names can be followed.
    pub(crate) fn definition(&self, path: &str) -> Option<usize> {
        self.defined(path, DEPTH)
    }

    /// The file of what a whole path leads to, also where that is a module or everything in one.
    pub(crate) fn file_of(&self, path: &str) -> Option<usize> {
        let module = self.scopes.get(path.trim_end_matches("::*"));
        self.definition(path).or(module.map(|scope| scope.file))
    }

    /// `import` says that a word alone may be a crate of others; elsewhere it is a variable.
    fn whole(&self, module: &str, path: &str, import: bool, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let root = module.split("::").next()?;
        let (first, rest) = match path.strip_prefix("::") {
            Some(path) => return self.is_crate(path).then(|| path.to_owned()),
            None => path.split_once("::").unwrap_or((path, "")),
        };
        let join = |start: &str| match rest {
            "" => start.to_owned(),
            rest => format!("{start}::{rest}"),
        };
        let scope = self.scopes.get(module)?;
        match first {
            "crate" => return Some(join(root)),
            "self" if rest == "super" || rest.starts_with("super::") => {
                return self.whole(module, rest, import, depth);
            }
            "self" => return Some(join(module)),
            "super" => {
                let (parent, rest) = (module.rsplit_once("::")?.0, format!("self::{rest}"));
                return self.whole(parent, rest.trim_end_matches("::"), import, depth);
            }
            _ => {}
        }
        let target = scope.imports.get(first);
        if let Some(target) = target.filter(|target| target.split("::").next() != Some(first)) {
            return Some(join(&self.whole(module, target, true, depth)?));
        }
        let own = format!("{module}::{first}");
        if scope.items.contains(first) || self.scopes.contains_key(&own) {
            return Some(join(&own));
        }
        let from_glob = scope.globs.iter().find_map(|glob| {
            let other = self.whole(module, glob, true, depth)?;
            self.whole(&other, path, import, depth)
        });
        let is_crate = self.is_crate(path) && (import || !rest.is_empty());
        from_glob.or_else(|| is_crate.then(|| path.to_owned()))
    }

    fn defined(&self, path: &str, depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let (root, mut rest) = path.split_once("::")?;
        let mut module = root.to_owned();
        loop {
            let scope = self.scopes.get(&module)?;
            let (name, inner) = rest.split_once("::").unwrap_or((rest, ""));
            let child = format!("{module}::{name}");
            if self.scopes.contains_key(&child) && !inner.is_empty() {
                (module, rest) = (child, inner);
                continue;
            }
            if scope.items.contains(name) {
                return Some(scope.file);
            }
            let follow = |target: &str, rest: &str| {
                let start = self.whole(&module, target, true, depth)?;
                self.defined(format!("{start}::{rest}").trim_end_matches("::"), depth)
            };
            let imported = scope.imports.get(name);
            let imported = imported.and_then(|target| follow(target, inner));
            return imported.or_else(|| scope.globs.iter().find_map(|glob| follow(glob, rest)));
        }
    }

    fn is_crate(&self, path: &str) -> bool {
        FOREIGN.contains(path.split("::").next().unwrap_or(path))
    }
}

/// Whether a module, or one that it stands in, was declared for tests alone.
fn is_for_tests(scopes: &BTreeMap<String, Scope>, module: &str) -> bool {
    module.rsplit_once("::").is_some_and(|(parent, name)| {
        scopes[parent].tests.contains(name) || is_for_tests(scopes, parent)
    })
}

/// The module that a file is, where it lies in a crate of ours.
fn module_of(name: &str) -> Option<String> {
    let mut crates = CRATES.into_iter();
    let (folder, root) = crates.find(|(folder, _)| name.starts_with(folder))?;
    let inner = name[folder.len()..].trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    Some(match inner {
        "lib" => root.to_owned(),
        inner => format!("{root}::{}", inner.replace('/', "::")),
    })
}

fn room_of(name: &str) -> String {
    let inner = name.strip_prefix("src/").unwrap_or(name);
    inner.split(['/', '.']).next().unwrap_or(inner).to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
