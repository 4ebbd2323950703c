package dev.ctstream.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What may happen to a spool. The letter names it in a history. */
enum CrashStep {
    EVENTS('e'),
    CONTROL('c'),
    SYNC('s'),
    ACKNOWLEDGE('a'),
    DROP_OLDEST('d'),
    SET_ASIDE('x'),
    ROTATE('r'),
    DROP_NEWEST('n'),
    FULL_DISK('f'),
    DAMAGE('m'),
    CONTROL_REFUSED('k'),
    GONE('g'),
    READ('o'),
    REPORT('h'),
    REWIND('w'),
    HANDOVER('b'),
    FAILED_SYNC('i'),
    FAILED_CUT_BACK('j'),
    CONTROL_CUT_BACK('l'),
    CONTROL_DAMAGE('u'),
    RESTART('z'),
    KILL('y');

    /** The steps that write. */
    static final List<CrashStep> WRITING = List.of(EVENTS, CONTROL, SYNC, ACKNOWLEDGE, DROP_OLDEST, SET_ASIDE);

    /** A segment of control records holds few of them. */
    private static final int LONG_RECORD_BYTES = 3000;

    private static final int FRAME_DAMAGE_OFFSET = 1200;
    private static final int FRAME_DAMAGE_BYTES = 400;
    private static final int LOSS_ROUNDS_MOST = 12;

    final char letter;

    CrashStep(char letter) {
        this.letter = letter;
    }

    static CrashStep of(int letter) {
        for (CrashStep step : values()) {
            if (step.letter == letter) {
                return step;
            }
        }
        throw new IllegalArgumentException("step " + (char) letter);
    }

    static List<CrashStep> history(String letters) {
        return letters.chars().mapToObj(CrashStep::of).toList();
    }

    static String letters(List<CrashStep> history) {
        StringBuilder letters = new StringBuilder();
        history.forEach(step -> letters.append(step.letter));
        return letters.toString();
    }

    /** All histories of a length. */
    static List<List<CrashStep>> histories(List<CrashStep> steps, int length) {
        List<List<CrashStep>> histories = List.of(List.of());
        for (int i = 0; i < length; i++) {
            List<List<CrashStep>> longer = new ArrayList<>();
            for (List<CrashStep> history : histories) {
                for (CrashStep step : steps) {
                    List<CrashStep> next = new ArrayList<>(history);
                    next.add(step);
                    longer.add(next);
                }
            }
            histories = longer;
        }
        return histories;
    }

    /**
     * Does it.
     *
     * @return whether the run has ended, and another one must begin
     */
    boolean play(CrashSpool spool) throws IOException {
        switch (this) {
            case EVENTS -> spool.events();
            case CONTROL -> spool.control(ControlRecords.mode(LONG_RECORD_BYTES));
            case SYNC -> spool.second();
            case ACKNOWLEDGE -> spool.acknowledge();
            case DROP_OLDEST -> untilLost(spool);
            case SET_ASIDE -> spool.setAside();
            case ROTATE -> {
                for (int i = 0; i < 3; i++) {
                    spool.events();
                }
            }
            case DROP_NEWEST -> {
                spool.read();
                untilLost(spool);
                spool.second();
            }
            case FULL_DISK -> spool.failedEvents();
            case DAMAGE -> damage(spool.files, "");
            case CONTROL_REFUSED -> spool.refusedControl();
            case GONE -> {
                spool.vanish();
                spool.second();
            }
            case READ -> spool.read();
            case REPORT -> spool.control(ControlRecords.heartbeat());
            case REWIND -> spool.rewind();
            case HANDOVER -> {
                spool.offer(1, true);
                spool.events();
            }
            case FAILED_SYNC -> {
                spool.files.refuse(change -> change.kind() == DiskChange.Kind.SYNC ? "Input/output error" : null);
                spool.second();
                spool.files.refuse(change -> null);
            }
            case FAILED_CUT_BACK -> spool.failedCutBack(false);
            case CONTROL_CUT_BACK -> spool.failedCutBack(true);
            case CONTROL_DAMAGE -> damage(spool.files, ChainDirectory.CONTROL);
            case RESTART -> {
                spool.offer(1, false);
                spool.stop();
                return true;
            }
            case KILL -> {
                spool.kill();
                return true;
            }
        }
        return false;
    }

    private static void untilLost(CrashSpool spool) {
        for (int i = 0; i < LOSS_ROUNDS_MOST && !spool.hasLost(); i++) {
            spool.events();
        }
    }

    private static void damage(MemoryFiles files, String directory) {
        List<Path> segments = files.list(MemoryFiles.ROOT.resolve(directory), ".segment");
        if (!segments.isEmpty()) {
            files.damage(segments.get(segments.size() - 1), FRAME_DAMAGE_OFFSET, FRAME_DAMAGE_BYTES);
        }
    }
}
