//! One file as the names that it says: imports, paths, macros and calls, each with its line. It is parsed, so that
//! braces, aliases and line ends hide none.
//!
//! Nothing here knows a rule, or what a name means in the end: `house` follows it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, Meta, Token, UseTree, Visibility};

/// A name as it is written, joined by `::`, and where.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) file: usize,
    pub(crate) line: usize,
    pub(crate) module: String,
    pub(crate) path: String,
    pub(crate) how: How,
    /// Compiled for tests alone.
    pub(crate) test: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Import,
    /// `pub use`: whoever imports it is led on to where the thing is defined.
    Reexport,
    Path,
    Macro,
    /// A method that is called: its name alone, since no type is known here.
    Method,
    /// `#[path = …]`.
    Attribute,
}

/// A module: its own items, what it imports under which name, from where it imports everything, and which of its
/// child modules are for tests alone.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) file: usize,
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: BTreeMap<String, String>,
    pub(crate) globs: Vec<String>,
    pub(crate) tests: BTreeSet<String>,
}

/// Reads one file: mentions in the order in which they stand, and the scopes of its modules.
pub(crate) struct Reader<'a> {
    pub(crate) file: usize,
    pub(crate) module: String,
    pub(crate) test: bool,
    pub(crate) scopes: &'a mut BTreeMap<String, Scope>,
    pub(crate) mentions: Vec<Mention>,
}

impl Reader<'_> {
    fn scope(&mut self) -> &mut Scope {
        let scope = self.scopes.entry(self.module.clone()).or_default();
        scope.file = self.file;
        scope
    }

    fn mention(&mut self, span: Span, path: String, how: How) {
        self.mentions.push(Mention {
            file: self.file,
            line: span.start().line,
            module: self.module.clone(),
            path,
            how,
            test: self.test,
        });
    }

    /// Visits what stands under these attributes: as test code, where they say so.
    fn under(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        let before = self.test;
        self.test |= attributes.iter().any(is_for_tests);
        visit(self);
        self.test = before;
    }

    fn imports(&mut self, tree: &UseTree, prefix: &str, how: How) {
        let parent = prefix.trim_end_matches("::").to_owned();
        let (ident, alias) = match tree {
            UseTree::Path(path) => {
                return self.imports(&path.tree, &format!("{prefix}{}::", path.ident), how);
            }
            UseTree::Group(group) => {
                return (group.items.iter()).for_each(|tree| self.imports(tree, prefix, how));
            }
            UseTree::Glob(glob) => {
                self.scope().globs.push(parent.clone());
                return self.mention(glob.star_token.spans[0], format!("{prefix}*"), how);
            }
            UseTree::Name(name) => (&name.ident, None),
            UseTree::Rename(name) => (&name.ident, Some(&name.rename)),
        };
        let path = match ident == "self" && !parent.is_empty() {
            true => parent,
            false => format!("{prefix}{ident}"),
        };
        let own = path.rsplit("::").next().unwrap_or_default().to_owned();
        let name = alias.map_or(own, Ident::to_string);
        let imports = &mut self.scope().imports;
        imports.entry(name).or_insert_with(|| path.clone());
        self.mention(ident.span(), path, how);
    }

    /// The paths in the tokens of a macro or an attribute, where nothing says what is a type and what an expression.
    fn tokens(&mut self, tokens: TokenStream) {
        let walk = |input: ParseStream<'_>| self.walk(input, "");
        walk.parse2(tokens).expect("any tokens can be walked");
    }

    fn walk(&mut self, input: ParseStream<'_>, prefix: &str) -> syn::Result<()> {
        while !input.is_empty() {
            let mut path = prefix.to_owned();
            if input.parse::<Option<Token![::]>>()?.is_some() {
                path += "::";
            }
            let range = input.parse::<Option<Token![..]>>()?.is_some();
            let method = !range && input.parse::<Option<Token![.]>>()?.is_some();
            if !input.peek(Ident::peek_any) {
                if let Some(TokenTree::Group(group)) = input.parse()? {
                    self.tokens(group.stream());
                }
                continue;
            }
            let mut ident = input.call(Ident::parse_any)?;
            path += &ident.to_string();
            while input.parse::<Option<Token![::]>>()?.is_some() {
                if input.peek(syn::token::Brace) {
                    let content;
                    syn::braced!(content in input);
                    self.walk(&content, &format!("{path}::"))?;
                } else if input.peek(Ident::peek_any) {
                    ident = input.call(Ident::parse_any)?;
                    path += &format!("::{ident}");
                } else {
                    break;
                }
            }
            let call = input.peek(Token![!]) && !input.peek(Token![!=]);
            let how = match method {
                true => How::Method,
                false if call => How::Macro,
                false => How::Path,
            };
            self.mention(ident.span(), path, how);
        }
        Ok(())
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = attributes_and_name(item);
        let is_module = matches!(item, Item::Mod(_));
        if let Some(name) = name.filter(|_| !is_module) {
            self.scope().items.insert(name.to_string());
        }
        self.under(attributes, |reader| visit::visit_item(reader, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if self.test {
            self.scope().tests.insert(name.clone());
        }
        let outer = self.module.clone();
        if item.content.is_some() {
            self.module += &format!("::{name}");
            self.scope();
        }
        visit::visit_item_mod(self, item);
        self.module = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let how = match item.vis {
            Visibility::Inherited => How::Import,
            _ => How::Reexport,
        };
        let start = item.leading_colon.as_ref().map_or("", |_| "::");
        self.imports(&item.tree, start, how);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let path = format!("::{}", item.ident);
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
        let name = name.to_string();
        self.scope().imports.insert(name, path.clone());
        self.mention(item.ident.span(), path, How::Import);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let visit = |reader: &mut Self| visit::visit_impl_item_fn(reader, item);
        self.under(&item.attrs, visit);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let start = path.leading_colon.as_ref().map_or("", |_| "::");
        let names = path.segments.iter().map(|part| part.ident.to_string());
        let names = format!("{start}{}", names.collect::<Vec<_>>().join("::"));
        self.mention(path.segments[0].ident.span(), names, How::Path);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.mention(call.method.span(), call.method.to_string(), How::Method);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let before = self.mentions.len();
        self.visit_path(&call.path);
        self.mentions[before].how = How::Macro;
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("path") {
            self.mention(attribute.pound_token.span, "path".into(), How::Attribute);
        }
        let before = self.mentions.len();
        self.visit_path(attribute.path());
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
        // A word alone (`unix`, `test`, `default`) is a word of the attribute's own.
        let mut found = self.mentions.split_off(before);
        found.retain(|found| found.path.contains("::"));
        self.mentions.append(&mut found);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn is_for_tests(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last().map(|part| &part.ident);
    let is = |name: &str| last.is_some_and(|last| last == name);
    let Meta::List(list) = &attribute.meta else {
        return is("test");
    };
    let tokens = list.tokens.to_string();
    let has = |word: &str| {
        tokens
            .split(|c: char| !c.is_alphanumeric())
            .any(|other| other == word)
    };
    is("test") || is("cfg") && has("test") && !has("not")
}

fn attributes_and_name(item: &Item) -> (&[Attribute], Option<&Ident>) {
    macro_rules! parts {
        ($($kind:ident)*) => {
            match item {
                $(Item::$kind(item) => (&item.attrs, Some(&item.ident)),)*
                Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
                Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
                Item::ForeignMod(item) => (&item.attrs, None),
                Item::Impl(item) => (&item.attrs, None),
                Item::Use(item) => (&item.attrs, None),
                _ => (&[], None),
            }
        };
    }
    parts!(Const Enum Mod Static Struct Trait TraitAlias Type Union)
}
