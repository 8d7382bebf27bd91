namespace ReplyMint.Knowledge;

/// <summary>Open indexes within a bound of memory; the least used close first. The newest stays, whatever its size.</summary>
internal sealed class IndexCache(long mostBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Tenant, KnowledgeIndex Index)>> _byTenant = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Tenant, KnowledgeIndex Index)> _byUse = new();
    private long _bytes;

    /// <summary>The tenant's index if it is open and of that version.</summary>
    public KnowledgeIndex? Get(string tenant, long version)
    {
        lock (_lock)
        {
            if (!_byTenant.TryGetValue(tenant, out var node) || node.Value.Index.Version != version)
                return null;
            if (node != _byUse.First)
            {
                _byUse.Remove(node);
                _byUse.AddFirst(node);
            }
            return node.Value.Index;
        }
    }

    public void Put(string tenant, KnowledgeIndex index)
    {
        lock (_lock)
        {
            if (_byTenant.TryGetValue(tenant, out var old))
                Drop(old);
            _byTenant[tenant] = _byUse.AddFirst((tenant, index));
            _bytes += index.Size;
            while (_bytes > mostBytes && _byUse.Count > 1)
                Drop(_byUse.Last!);
        }
    }

    public void Remove(string tenant)
    {
        lock (_lock)
            if (_byTenant.TryGetValue(tenant, out var node))
                Drop(node);
    }

    private void Drop(LinkedListNode<(string Tenant, KnowledgeIndex Index)> node)
    {
        _byUse.Remove(node);
        _byTenant.Remove(node.Value.Tenant);
        _bytes -= node.Value.Index.Size;
    }
}
