package dev.ctstream.record;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Readers by the id that a registry gave to their schema. An id is asked for once; a registry that does not answer is asked
 * again after {@value #RETRY_SECONDS} s, so that a topic is not read at its pace.
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
    private final Map<Integer, RecordException> unusable = new HashMap<>();
    private @Nullable SchemaRegistry registry;
    private @Nullable RecordException silence; // what it said when it did not answer
    private long silentNanos;

    RegisteredReaders(Maker<R> maker) {
        this.maker = maker;
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
        RecordException known = unusable.get(id);
        if (known == null
                && silence != null
                && System.nanoTime() - silentNanos < TimeUnit.SECONDS.toNanos(RETRY_SECONDS)) {
            known = silence;
        }
        if (known != null) {
            throw known;
        }
        R made = ask(id);
        if (readers.size() >= MOST_IDS) {
            readers.clear();
        }
        readers.put(id, made);
        return made;
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
                remember(id, failure);
            } else {
                silence = failure;
                silentNanos = System.nanoTime();
            }
            throw failure;
        } catch (RecordException e) {
            remember(id, e);
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RecordException(what + "interrupted while the registry was asked", e);
        }
    }

    private void remember(int id, RecordException failure) {
        if (unusable.size() >= MOST_IDS) {
            unusable.clear();
        }
        unusable.put(id, failure);
    }
}
