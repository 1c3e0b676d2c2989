//! What pages of figures have in common: one HTML file, plots as SVG, nothing fetched from anywhere.

mod plot;

pub(crate) use plot::{Bar, Line, Point, bars, lines};

const STYLE: &str = r"
:root{color-scheme:light dark;--ink:#1d232b;--dim:#5c6773;--line:#d5dae0;--paper:#fff;--p:#7a8794;--p2:#c9973b;--r:#1668b8;--b:#b65337}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--dim:#98a4b0;--line:#39424c;--paper:#14181d;--p:#8b98a5;--p2:#d8ab55;--r:#5ba6ec;--b:#d97a5d}}
body{margin:2rem auto;max-width:64rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .4rem}p,figcaption{color:var(--dim);margin:.3rem 0}figcaption{font-weight:600}
figure{margin:0}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(28rem,1fr));gap:1.5rem}
svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}svg .dim{fill:var(--dim)}svg .grid{stroke:var(--line)}
.p{fill:var(--p);stroke:var(--p)}.p2{fill:var(--p2);stroke:var(--p2)}.r{fill:var(--r);stroke:var(--r)}.r0,.ro{fill:var(--p2);stroke:var(--p2)}.b{fill:var(--b)}.line{fill:none;stroke-width:2}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}th,td{padding:.25rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}td small{color:var(--dim)}tr.load th{text-align:left;padding-top:1rem}
pre{overflow-x:auto;font-size:12px;color:var(--dim)}
";

/// A page up to where its own text begins.
pub(crate) fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{STYLE}</style></head><body>\n",
        escape(title)
    )
}

/// Text in a page.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A drawing of that size, to be closed.
pub(crate) fn svg(width: f64, height: f64) -> String {
    format!(r#"<svg viewBox="0 0 {width} {height}" role="img">"#)
}

/// Three digits that matter.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
