//! What the two pages are put together from.

use super::svg::escape;

/// A page with this body, and a script with its hash after the one that both pages share.
pub(super) fn page(title: &str, [hash, script]: [&str; 2], body: String) -> String {
    let parts = [
        ("{title}", escape(title)),
        ("{hash}", hash.to_string()),
        ("{style}", include_str!("page.css").to_string()),
        ("{body}", body),
        ("{shared}", include_str!("page.js").to_string()),
        ("{script}", script.to_string()),
    ];
    fill(include_str!("page.html"), &parts)
}

/// The template with each `{name}` replaced; what is put in is not looked at again.
pub(super) fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    loop {
        let found = parts.iter().filter_map(|(name, text)| Some((rest.find(name)?, name, text)));
        let Some((at, name, text)) = found.min_by_key(|(at, ..)| *at) else { break };
        page += &rest[..at];
        page += text;
        rest = &rest[at + name.len()..];
    }
    page + rest
}
