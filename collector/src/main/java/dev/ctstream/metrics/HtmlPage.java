package dev.ctstream.metrics;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;

/** What the page needs from its server: its style, and the header fields that allow nothing else. */
public final class HtmlPage {
    /** The path of the page that does not load itself again. */
    public static final String STILL = "/still";

    private static final int REFRESH_SECONDS = 10;

    /** The only style of the page. Sizes in rem, so that the reader's choice counts. */
    public static final String STYLE = """
            :root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#55616f;--rule:#dde2e8;\
            --accent:#0b57d0;--fill:#dbe8fd;--good:#116329;--goodbg:#dafbe1;--bad:#a40e26;--badbg:#ffebe9}
            @media (prefers-color-scheme:dark){:root{--bg:#0d1218;--card:#161d26;--ink:#e8edf3;--soft:#a3afbd;\
            --rule:#2b3542;--accent:#6cb0ff;--fill:#1b314e;--good:#6fdd8b;--goodbg:#12301c;--bad:#ff9a92;--badbg:#3d1a1c}}
            *{box-sizing:border-box}
            body{margin:0 auto;padding:1.25rem clamp(.75rem,3vw,2rem) 2rem;max-width:80rem;background:var(--bg);\
            color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
            h1{font-size:1.5rem;margin:0;letter-spacing:-.01em}h1 span{font-weight:400;color:var(--soft)}
            h2{font-size:1.0625rem;margin:1.75rem 0 .6rem}small{font-size:.8125rem;font-weight:400;color:var(--soft)}
            a{color:var(--accent)}code{font-size:.875em}p{margin:.4rem 0}
            .title{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center}
            .state{margin:0;padding:.1rem .8rem .1rem .5rem;border-radius:2rem;font-weight:600}
            .state.good{background:var(--goodbg);color:var(--good)}.state.bad{background:var(--badbg);color:var(--bad)}
            .about{color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}
            .mark{width:1em;height:1em;margin-right:.3em;vertical-align:-.1em;fill:none;stroke:currentColor;\
            stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
            .problems{margin:.8rem 0 0;padding:.7rem 1rem .7rem 2rem;border-left:.3rem solid var(--bad);\
            border-radius:.4rem;background:var(--badbg);overflow-wrap:anywhere}
            .problems b{color:var(--bad);margin-right:.3em}
            .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr));gap:.75rem;margin:0}
            .tile,figure,.scroll{background:var(--card);border:1px solid var(--rule);border-radius:.6rem}
            .tile{padding:.7rem .9rem;display:flex;flex-direction:column}
            .tile dt{font-size:.8125rem;color:var(--soft)}.tile dd{margin:0}
            .tile .value{font-size:1.5rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
            .tile.bad{border-color:var(--bad)}.tile.bad .value{color:var(--bad)}
            .tile .note{font-size:.8125rem;color:var(--soft);overflow-wrap:anywhere}
            .tile .bar{margin-top:auto;padding-top:.5rem;line-height:0}
            .meter{width:100%;height:.3rem;border-radius:.2rem;overflow:hidden}.track{fill:var(--rule)}.fill{fill:var(--accent)}
            .tile.bad .fill{fill:var(--bad)}
            .plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.75rem}
            @media (min-width:56rem){.tiles{grid-template-columns:repeat(4,1fr)}.plots{grid-template-columns:repeat(5,1fr)}}
            figure{margin:0;padding:.6rem .9rem .8rem;display:flex;flex-direction:column}
            figcaption{display:flex;flex-wrap:wrap;gap:0 .5rem;align-items:baseline;font-size:.875rem;margin-bottom:.35rem}
            figcaption b{font-weight:400;font-size:.8125rem;color:var(--soft);flex-basis:100%;overflow-wrap:anywhere}
            figcaption span{font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}
            figcaption small{margin-left:auto}
            .plot{display:block;width:100%;height:3rem;overflow:visible;margin-top:auto}.plot .line{fill:none;stroke:var(--accent);\
            stroke-width:1.6;stroke-linejoin:round;vector-effect:non-scaling-stroke}.plot .area{fill:var(--fill)}
            .plot .base{stroke:var(--rule);stroke-width:1;vector-effect:non-scaling-stroke}
            .loss.some .line{stroke:var(--bad)}.loss.some .area{fill:var(--badbg)}.loss.some span{color:var(--bad)}
            .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}
            th,td{padding:.4rem .9rem;text-align:left;vertical-align:top}thead th{color:var(--soft);font-weight:500;\
            white-space:nowrap}tbody tr{border-top:1px solid var(--rule)}tbody th{font-weight:600}
            td:last-child{overflow-wrap:anywhere}.number{font-variant-numeric:tabular-nums}.word{white-space:nowrap;font-weight:600}
            .word.good{color:var(--good)}.word.bad{color:var(--bad)}
            footer{margin-top:1.75rem;font-size:.875rem}footer a{margin-right:1rem}
            """;

    private static final List<String> STILL_FIELDS = List.of(
            "Content-Security-Policy: default-src 'none'; style-src 'sha256-" + sha256(STYLE)
                    + "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Frame-Options: DENY");

    private HtmlPage() {}

    /** Header fields of the page. */
    static List<String> fields(boolean still) {
        if (still) {
            return STILL_FIELDS;
        }
        return List.of(STILL_FIELDS.get(0), STILL_FIELDS.get(1), "Refresh: " + REFRESH_SECONDS);
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }
}
