// Both runtimes use every processor, and a test that waits for a cancelled training must not starve another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
