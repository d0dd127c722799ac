/* One style sheet for all pages, so that they look alike and one test proves both. */
#include "gateway/reports/html.h"

#include <inttypes.h>

/* print-color-adjust: printers leave out colours otherwise, and with them the bars. Colours are variables, so that dark
 * mode changes them in one place. A wide table scrolls in itself: the page never does. */
static const char style_sheet[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--rule:#bbb;--strong:#444;--soft:#ccc;--back:#eceff1;"
    "--scope:#5a5a5a;--good:#1b7837;--once:#d9822b;--many:#b2182b;--never:#542788;--left:#2166ac;--warn:#8a4b00}"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#15181b;--rule:#4a4f54;--strong:#9aa0a6;"
    "--soft:#3a3f44;--back:#262b30;--scope:#a8adb3;--good:#5cb878;--once:#f0a45d;--many:#f2777a;--never:#b79ae0;"
    "--left:#6fa8dc;--warn:#f0a45d}}"
    "body{font:16px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;"
    "max-width:90rem;padding:0 1rem;overflow-wrap:break-word}"
    "h1{font-size:1.7rem}h2{font-size:1.25rem;margin:2.2rem 0 .6rem}"
    "section>div{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start}"
    "figure{margin:0;flex:1 1 30rem;min-width:0}svg{width:100%;max-width:44rem;height:auto}"
    ".table{max-width:100%;overflow-x:auto}figure+.table{flex:1 1 34rem}.wide{flex:1 1 100%;min-width:0}"
    ".grow{flex:1 1 24rem;min-width:0}.wide table,.grow table{width:100%}.wide .table+.table{margin-top:1.2rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600;padding-bottom:.3rem}"
    "th,td{border-bottom:1px solid var(--rule);padding:.2rem .6rem;text-align:right;vertical-align:top}"
    "th:first-child,td:first-child,th.word,td.word{text-align:left}thead th{border-bottom:2px solid var(--strong)}"
    "tbody th,code,.stack td:nth-child(2){white-space:nowrap}th.group{padding-top:.9rem;color:var(--strong)}"
    "code{font:.9em/1.3 ui-monospace,monospace;background:var(--back);padding:.1em .35em;border-radius:.2em}"
    ".bar{width:60%;min-width:5rem;vertical-align:middle;text-align:left}.bar "
    "span{display:block;background:var(--back);height:1rem;"
    "border-radius:.15rem;overflow:hidden}.bar b{display:block;height:100%;min-width:1px}"
    "b.scope{background:var(--scope)}b.good{background:var(--good)}b.once{background:var(--once)}"
    "b.many{background:var(--many)}b.never{background:var(--never)}b.left{background:var(--left)}"
    ".critical,.warning,.note{font-weight:600}.critical{color:var(--many)}.warning{color:var(--warn)}"
    "svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg .head{font-weight:600}"
    "svg .label{text-anchor:end}svg .middle{text-anchor:middle}"
    ".scope{fill:var(--scope);stroke:var(--scope)}.good{fill:var(--good);stroke:var(--good)}"
    ".once{fill:var(--once);stroke:var(--once)}.many{fill:var(--many);stroke:var(--many)}"
    ".never{fill:var(--never);stroke:var(--never)}.left{fill:var(--left);stroke:var(--left)}"
    ".line{fill:none;stroke-width:2.5}.dashed{stroke-dasharray:7 5}"
    ".grid{stroke:var(--soft)}.mark{stroke:var(--ink);stroke-dasharray:2 4;stroke-width:1.5}"
    "@media(max-width:40rem){body{margin:1rem auto;font-size:15px}th,td{padding:.2rem .35rem}h1{font-size:1.35rem}"
    ".stack thead{display:none}.stack tr{display:block;border-bottom:1px solid var(--rule);padding:.4rem 0}"
    ".stack th,.stack td{display:inline;border:0;padding:0 .5rem 0 0}.stack td.word~td.word{display:block}"
    ".stack code{white-space:normal}.bar{min-width:3rem}"
    "table{font-size:.85rem}svg text{font-size:17px}}"
    "@page{margin:15mm}@media print{body{margin:0;max-width:none;font-size:10.5pt}h2{break-after:avoid}"
    ".table{overflow:visible}th,td{padding:.15rem .4rem}code{white-space:normal}"
    "figure,tr,svg{break-inside:avoid}th.group{break-after:avoid}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

void html_text(GString *out, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text != NULL ? text : "", -1);

    g_string_append(out, escaped);
}

/* The policy forbids scripts and whatever would have to be loaded. */
void html_begin(GString *out, const struct html_head *head)
{
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                         "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n");
    if (head->refresh > 0)
        g_string_append_printf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n", head->refresh);
    g_string_append(out, "<title>");
    html_text(out, head->title);
    g_string_append_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style_sheet);
}

void html_end(GString *out)
{
    g_string_append(out, "</main>\n</body>\n</html>\n");
}

void html_section(GString *out, const char *id, const char *title)
{
    g_string_append_printf(out, "<section aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n<div>\n", id, id, title);
}

void html_section_end(GString *out)
{
    g_string_append(out, "</div>\n</section>\n");
}

void html_table(GString *out, const char *id, const char *caption, const char *const *columns)
{
    g_string_append_printf(out, "<div class=\"table\"><table id=\"%s\">\n<caption>%s</caption>\n<thead><tr>", id,
                           caption);
    for (; *columns != NULL; columns++)
        g_string_append_printf(out, "<th scope=\"col\"%s>%s</th>", **columns == '<' ? " class=\"word\"" : "",
                               *columns + (**columns == '<'));
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

void html_group(GString *out, const char *name, int columns)
{
    g_string_append_printf(out, "<tr><th scope=\"rowgroup\" class=\"group\" colspan=\"%d\">", columns);
    html_text(out, name);
    g_string_append(out, "</th></tr>\n");
}

void html_table_end(GString *out)
{
    g_string_append(out, "</tbody>\n</table></div>\n");
}

void html_row(GString *out, const char *name)
{
    g_string_append(out, "<tr><th scope=\"row\">");
    html_text(out, name);
    g_string_append(out, "</th>");
}

void html_row_end(GString *out)
{
    g_string_append(out, "</tr>\n");
}

void html_number(GString *out, int64_t n)
{
    g_string_append_printf(out, "<td>%" PRId64 "</td>", MAX(n, 0));
}

void html_word(GString *out, const char *word)
{
    g_string_append(out, "<td class=\"word\">");
    html_text(out, word);
    g_string_append(out, "</td>");
}

void html_bar(GString *out, const struct html_bar *bar)
{
    double share = bar->whole > 0 ? 100.0 * (double)CLAMP(bar->part, 0, bar->whole) / (double)bar->whole : 0;

    g_string_append(out, "<td>");
    html_text(out, bar->text);
    g_string_append(out, "</td><td class=\"bar\"><span>");
    if (share > 0)
        g_string_append_printf(out, "<b class=\"%s\" style=\"width:%.1f%%\"></b>", bar->style, share);
    g_string_append(out, "</span></td>");
}
