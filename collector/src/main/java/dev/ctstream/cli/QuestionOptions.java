package dev.ctstream.cli;

import dev.ctstream.lookup.Outlook;
import dev.ctstream.lookup.Question;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** An address and a time, and how much of the topics is read around it. */
public final class QuestionOptions {
    /** Records of so much before and after are read too, ms: a record's time is that of another clock. */
    public static final long LEAD_MILLIS = TimeUnit.MINUTES.toMillis(10);

    @Option(
            names = "--address",
            required = true,
            paramLabel = "A",
            converter = Converters.Address.class,
            description = "IPv4 or IPv6 address at either end of the flow, before or after translation.")
    private String address = "";

    @Option(
            names = "--port",
            paramLabel = "P",
            converter = Converters.Port.class,
            description = "Port with that address.")
    private @Nullable Integer port;

    @Option(
            names = "--protocol",
            paramLabel = "X",
            converter = Converters.Protocol.class,
            description = "Protocol, by name or number.")
    private @Nullable Integer protocol;

    @Option(
            names = "--at",
            required = true,
            paramLabel = "TIME",
            converter = Converters.Time.class,
            description = "Time, as 2026-11-21T12:06:32+01:00; without offset in the local time zone.")
    private Long at = 0L;

    @Option(
            names = "--since",
            paramLabel = "SPAN",
            converter = Converters.Span.class,
            defaultValue = "24h",
            description = "How far back the events are read: flows that began in this time, and have not ended, are"
                    + " known. Default: ${DEFAULT-VALUE}.")
    private Long since = 0L;

    @Option(
            names = "--within",
            paramLabel = "SPAN",
            converter = Converters.Span.class,
            description =
                    "How far forward: flows of which an event comes in this time, and that began before, are known."
                            + " Default: 1h; for lookup, where all collectors send INTERIM events, twice their interval.")
    private @Nullable Long within;

    /** The time in question, ms since 1970-01-01 UTC. */
    public long atMillis() {
        return at;
    }

    /** Where events are read from, ms since 1970-01-01 UTC. */
    public long fromMillis() {
        return at - since;
    }

    /** Where events are read to, ms since 1970-01-01 UTC; empty when it was not given. */
    OptionalLong untilMillis() {
        return within == null ? OptionalLong.empty() : OptionalLong.of(at + within);
    }

    /** The question, with an hour ahead unless it was given. */
    public Question question() {
        return question(untilMillis().orElse(at + Outlook.DEFAULT_MILLIS));
    }

    Question question(long untilMillis) {
        return new Question(
                address,
                port == null ? OptionalInt.empty() : OptionalInt.of(port),
                protocol == null ? OptionalInt.empty() : OptionalInt.of(protocol),
                at,
                fromMillis(),
                untilMillis);
    }
}
