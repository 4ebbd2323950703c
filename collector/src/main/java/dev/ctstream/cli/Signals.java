package dev.ctstream.cli;

/** Signals, which only {@code sun.misc} offers: by reflection, because the compiler refuses it with our flags. */
final class Signals {
    private Signals() {}

    /** Ignores signals by their names without SIG; one that the JVM keeps for itself is left as it is. */
    static void ignore(String... names) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object ignore = handler.getField("SIG_IGN").get(null);
            for (String name : names) {
                Object named = signal.getConstructor(String.class).newInstance(name);
                signal.getMethod("handle", signal, handler).invoke(null, named, ignore);
            }
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream: cannot ignore signals: " + e);
        }
    }
}
