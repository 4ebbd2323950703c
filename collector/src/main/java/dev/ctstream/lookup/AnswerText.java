package dev.ctstream.lookup;

import dev.ctstream.read.TimeText;
import dev.ctstream.record.PrintableText;
import dev.ctstream.record.ProtocolNames;
import java.time.ZoneId;

/** An answer for people. Threads: confined to one. */
public final class AnswerText {
    private static final int MOST_REASONS = 20;

    private final TimeText time;

    /** Writes times of this zone. */
    public AnswerText(ZoneId zone) {
        time = new TimeText(zone);
    }

    /** The answer in lines. */
    public String format(Answer answer) {
        StringBuilder to = new StringBuilder(256);
        Question question = answer.question();
        to.append(who(answer))
                .append(" had ")
                .append(end(question))
                .append(" at ")
                .append(time.ofMillis(question.atMillis()))
                .append('\n');
        answer.flows().forEach(flow -> flow(flow, to));
        to.append(answer.complete() ? "the log is complete from " : "the log may lack flows, from ")
                .append(time.ofMillis(question.fromMillis()))
                .append(" to ")
                .append(time.ofMillis(question.untilMillis()))
                .append(answer.complete() ? "\n" : ":\n");
        answer.reasons().stream()
                .limit(MOST_REASONS)
                .forEach(reason ->
                        to.append("  ").append(PrintableText.of(reason)).append('\n'));
        if (answer.reasons().size() > MOST_REASONS) {
            to.append("  and ").append(answer.reasons().size() - MOST_REASONS).append(" more\n");
        }
        return to.toString();
    }

    private static String who(Answer answer) {
        long lived = answer.lived();
        long possible = answer.flows().size() - lived;
        if (lived == 0 && possible == 0) {
            return answer.complete() ? "nobody" : "nobody that the log knows";
        }
        String certain = lived == 0 ? "" : lived + (lived == 1 ? " flow" : " flows");
        String perhaps = possible == 0 ? "" : "perhaps " + possible + (lived == 0 ? " flows" : " more");
        return certain + (lived > 0 && possible > 0 ? ", " : "") + perhaps;
    }

    private static String end(Question question) {
        String address = question.address();
        String protocol = question.protocol().isPresent()
                ? " (" + ProtocolNames.of(question.protocol().getAsInt()) + ")"
                : "";
        if (question.port().isEmpty()) {
            return address + protocol;
        }
        String host = address.indexOf(':') < 0 ? address : "[" + address + "]";
        return host + ":" + question.port().getAsInt() + protocol;
    }

    private void flow(Flow flow, StringBuilder to) {
        to.append(flow.verdict() == Flow.Verdict.LIVED ? "  " : "? ");
        to.append(PrintableText.of(flow.hostId() + "/" + flow.netns()));
        to.append(" zone ").append(flow.zone()).append("  ").append(ProtocolNames.of(flow.protocol()));
        to.append("  ").append(flow.original()).append("  reply ").append(flow.reply());
        to.append("  ").append(flow.beginKnown() ? "from " : "from before ").append(time.ofMillis(flow.beginMillis()));
        if (flow.endMillis() == Long.MAX_VALUE) {
            to.append(", no end was read");
        } else {
            to.append(flow.endInferred() ? " to some time before " : " to ").append(time.ofMillis(flow.endMillis()));
        }
        to.append('\n');
    }
}
