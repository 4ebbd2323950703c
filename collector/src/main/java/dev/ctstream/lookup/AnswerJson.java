package dev.ctstream.lookup;

import dev.ctstream.verify.JsonWriter;
import java.io.IOException;
import java.io.OutputStream;

/** An answer as one JSON object. Times are ms since 1970-01-01 UTC, as {@code event_time}. Threads: confined to one. */
public final class AnswerJson {
    private final JsonWriter to;

    /** Writes to a stream, whose creator closes it. */
    public AnswerJson(OutputStream out) {
        to = new JsonWriter(out);
    }

    /** Writes the answer and a line feed. */
    public void write(Answer answer) throws IOException {
        Question question = answer.question();
        to.begin('{').name("address").string(question.address());
        to.name("port")
                .numberOrNull(question.port().isPresent(), question.port().orElse(0));
        to.name("protocol")
                .numberOrNull(
                        question.protocol().isPresent(), question.protocol().orElse(0));
        to.name("at").number(question.atMillis());
        to.name("from").number(question.fromMillis());
        to.name("until").number(question.untilMillis());
        to.name("events").number(answer.events());
        to.name("known").literal(answer.known());
        to.name("complete").literal(answer.complete());
        to.name("reasons").begin('[');
        answer.reasons().forEach(to::string);
        to.end(']').name("flows").begin('[');
        answer.flows().forEach(this::flow);
        to.end(']').end('}').line();
        to.flush();
    }

    private void flow(Flow flow) {
        to.begin('{').name("lived").literal(flow.verdict() == Flow.Verdict.LIVED);
        to.name("host_id").string(flow.hostId());
        to.name("netns").string(flow.netns());
        to.name("ct_zone").number(flow.zone());
        to.name("protocol").number(flow.protocol());
        to.name("original").string(flow.original());
        to.name("reply").string(flow.reply());
        to.name("begin").number(flow.beginMillis());
        to.name("begin_known").literal(flow.beginKnown());
        to.name("end").numberOrNull(flow.endMillis() != Long.MAX_VALUE, flow.endMillis());
        to.name("end_inferred").literal(flow.endInferred());
        to.end('}');
    }
}
