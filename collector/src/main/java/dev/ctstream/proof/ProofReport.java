package dev.ctstream.proof;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.LogOrigin;
import java.util.ArrayList;
import java.util.List;

/**
 * The result of a {@link ProofAudit}.
 *
 * <p>Threads: confined to one.
 */
public final class ProofReport {
    private static final int LISTED = 100;

    private final List<Host> hosts = new ArrayList<>();
    private final List<Tampering> findings = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private long findingsCount;

    /** The logs of one host. */
    public static final class Host {
        private final String id;
        private long logs;
        private long proven;
        private long unproven;
        private long givenUp;
        private long expired;
        private long inSpool;
        private long untilMillis;
        private String newest = "";

        Host(String id) {
            this.id = id;
        }

        void add(LogAudit log) {
            logs++;
            proven += log.proven;
            unproven += log.unproven;
            givenUp += log.givenUp;
            expired += log.expired;
            inSpool += log.inSpool;
            untilMillis = Math.max(untilMillis, log.provenUntilMillis);
            RunIdentity run = log.run;
            newest = LogOrigin.of(run);
        }

        /** Its id. */
        public String id() {
            return id;
        }

        /** Number of its logs. */
        public long logs() {
            return logs;
        }

        /** Batches and control records that are what the host has signed. */
        public long proven() {
            return proven;
        }

        /** Batches and control records of which nobody can tell, such as those after the last checkpoint. */
        public long unproven() {
            return unproven;
        }

        /** Batches and control records that the host has given up, and said so. */
        public long givenUp() {
            return givenUp;
        }

        /** Batches and control records that retention has removed. */
        public long expired() {
            return expired;
        }

        /** Batches that the host has signed and that it has not acknowledged to be in the topics. */
        public long inSpool() {
            return inSpool;
        }

        /** Nothing is cut off up to this time, ms since 1970-01-01 UTC; 0 = nothing is proven. */
        public long untilMillis() {
            return untilMillis;
        }

        /** Its newest log. */
        public String newest() {
            return newest;
        }
    }

    void add(Host host) {
        hosts.add(host);
    }

    void found(Tampering finding) {
        findingsCount++;
        if (findings.size() < LISTED) {
            findings.add(finding);
        }
    }

    void more(long count) {
        findingsCount += count;
    }

    void remark(String text) {
        remarks.add(text);
    }

    /** The hosts whose public keys are known. */
    public List<Host> hosts() {
        return List.copyOf(hosts);
    }

    /** What does not fit, the first ones. */
    public List<Tampering> findings() {
        return List.copyOf(findings);
    }

    /** All that does not fit. */
    public long findingsCount() {
        return findingsCount;
    }

    /** What a reader should know although it does not stand against the proof. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** Whether nothing was altered, as far as it can be told. */
    public boolean proven() {
        return findingsCount == 0;
    }
}
