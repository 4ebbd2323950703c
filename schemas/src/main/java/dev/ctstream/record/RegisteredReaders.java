package dev.ctstream.record;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Readers by the id that a registry gave to their schema. An id is asked for once. A registry that does not answer, and one
 * that does not know an id, is asked again after {@value #RETRY_SECONDS} s, so that a topic is not read at its pace.
 *
 * <p>Bounds: {@value #MOST_IDS} ids. Threads: confined to one, which waits for the registry.
 *
 * @param <R> of the readers
 */
final class RegisteredReaders<R> {
    private static final int MOST_IDS = 1024;
    private static final int RETRY_SECONDS = 5;

    /** Makes a reader of what was written with a schema. */
    @FunctionalInterface
    interface Maker<R> {
        R of(Schema written) throws RecordException;
    }

    private final Maker<R> maker;
    private final Map<Integer, R> readers = new HashMap<>();
    private final Map<Integer, Refusal> refusals = new HashMap<>();
    private @Nullable SchemaRegistry registry;
    private @Nullable Refusal silence; // of any id
    private final LongSupplier nanoTime;

    /** Why there is no reader, and since when. */
    private record Refusal(RecordException reason, boolean forEver, long nanos) {}

    RegisteredReaders(Maker<R> maker) {
        this(maker, System::nanoTime);
    }

    RegisteredReaders(Maker<R> maker, LongSupplier nanoTime) {
        this.maker = maker;
        this.nanoTime = nanoTime;
    }

    void use(SchemaRegistry used) {
        registry = used;
    }

    /** The reader of a schema's id. */
    R of(int id) throws RecordException {
        R reader = readers.get(id);
        if (reader != null) {
            return reader;
        }
        Refusal ofId = refusals.get(id);
        Refusal known = ofId == null ? silence : ofId;
        if (known != null && holds(known)) {
            throw known.reason();
        }
        R made = ask(id);
        if (readers.size() >= MOST_IDS) {
            readers.clear();
        }
        readers.put(id, made);
        return made;
    }

    private boolean holds(Refusal refusal) {
        return refusal.forEver() || nanoTime.getAsLong() - refusal.nanos() < TimeUnit.SECONDS.toNanos(RETRY_SECONDS);
    }

    private R ask(int id) throws RecordException {
        String what = "was written with schema id " + Integer.toUnsignedString(id) + " of a registry: ";
        if (registry == null) {
            throw new RecordException(
                    what + "it has no header " + HeaderNames.SCHEMA_FINGERPRINT + ", so set " + RegistrySettings.URL);
        }
        try {
            return maker.of(registry.schema(id));
        } catch (RegistryException e) {
            RecordException failure = new RecordException(what + e.getMessage(), e);
            if (e.isAnswer()) {
                remember(id, failure, e.kind() != RegistryException.Kind.UNKNOWN);
            } else {
                silence = new Refusal(failure, false, nanoTime.getAsLong());
            }
            throw failure;
        } catch (RecordException e) {
            remember(id, e, true);
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RecordException(what + "interrupted while the registry was asked", e);
        }
    }

    private void remember(int id, RecordException failure, boolean forEver) {
        if (refusals.size() >= MOST_IDS) {
            refusals.clear();
        }
        refusals.put(id, new Refusal(failure, forEver, nanoTime.getAsLong()));
    }
}
