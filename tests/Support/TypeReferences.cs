using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Registry.Tests.Support;

/// <summary>Which types each type of an assembly names: in its declarations, its signatures, and the code of its methods.</summary>
/// <remarks>
/// The compiler's output tells it, and not the source: there every name is resolved, so that neither an alias, a global using nor a relative name such
/// as <c>Azure.X</c> within <c>Registry.Storage</c> is missed or mistaken. Attributes of the compiler are of no interest.
/// </remarks>
public sealed class TypeReferences : IDisposable
{
    private static readonly Dictionary<ushort, OpCode> opcodes = typeof(OpCodes).GetFields()
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(o => (ushort)o.Value);

    private readonly PEReader file;
    private readonly MetadataReader metadata;
    private readonly Names names = new();

    public TypeReferences(string assembly)
    {
        file = new PEReader(File.OpenRead(assembly));
        metadata = file.GetMetadataReader();
    }

    /// <summary>The names of the assemblies that this one needs.</summary>
    public IEnumerable<string> Assemblies => metadata.AssemblyReferences.Select(a => metadata.GetString(metadata.GetAssemblyReference(a).Name));

    /// <summary>Each type (nested ones under the outermost) with the full names of all that it names.</summary>
    public IEnumerable<(string Type, IReadOnlySet<string> Names)> All() =>
        metadata.TypeDefinitions
            .GroupBy(t => Names.Of(metadata, Outermost(t)))
            .Select(g => (g.Key, (IReadOnlySet<string>)g.SelectMany(NamedBy).Where(n => n != g.Key).ToHashSet(StringComparer.Ordinal)));

    public void Dispose() => file.Dispose();

    private TypeDefinitionHandle Outermost(TypeDefinitionHandle type)
    {
        while (metadata.GetTypeDefinition(type).GetDeclaringType() is { IsNil: false } outer)
            type = outer;
        return type;
    }

    private IEnumerable<string> NamedBy(TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        names.Seen.Clear();
        See(type.BaseType);
        foreach (var implemented in type.GetInterfaceImplementations())
            See(metadata.GetInterfaceImplementation(implemented).Interface);
        foreach (var field in type.GetFields())
            metadata.GetFieldDefinition(field).DecodeSignature(names, null);
        foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
        {
            method.DecodeSignature(names, null);
            if (method.RelativeVirtualAddress != 0)
                SeeBody(file.GetMethodBody(method.RelativeVirtualAddress));
        }

        return [.. names.Seen];
    }

    private void SeeBody(MethodBodyBlock body)
    {
        if (!body.LocalSignature.IsNil)
            metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(names, null);
        foreach (var region in body.ExceptionRegions)
            See(region.CatchType);
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            ushort value = code.ReadByte();
            if (value == 0xfe)
                value = (ushort)(0xfe00 | code.ReadByte());
            var operand = opcodes[value].OperandType;
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                See(MetadataTokens.EntityHandle(code.ReadInt32()));
            }
            else
            {
                var length = operand == OperandType.InlineSwitch ? code.ReadInt32() * 4 : Length(operand);
                code.Offset += length;
            }
        }
    }

    private static int Length(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    private void See(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeReference or HandleKind.TypeDefinition when !handle.IsNil:
                names.See(metadata, handle);
                break;
            case HandleKind.TypeSpecification:
                metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(names, null);
                break;
            case HandleKind.MemberReference:
                var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                See(member.Parent);
                if (member.GetKind() == MemberReferenceKind.Field)
                    member.DecodeFieldSignature(names, null);
                else
                    member.DecodeMethodSignature(names, null);
                break;
            case HandleKind.MethodSpecification:
                var generic = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                generic.DecodeSignature(names, null);
                See(generic.Method);
                break;
            case HandleKind.MethodDefinition:
                See(metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                See(metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
        }
    }

    /// <summary>Notes every named type that a signature has.</summary>
    private sealed class Names : ISignatureTypeProvider<int, object?>
    {
        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

        public int See(MetadataReader reader, EntityHandle handle)
        {
            Seen.Add(Of(reader, handle));
            return 0;
        }

        public static string Of(MetadataReader reader, EntityHandle handle)
        {
            if (handle.Kind == HandleKind.TypeReference)
            {
                var reference = reader.GetTypeReference((TypeReferenceHandle)handle);
                return reference.ResolutionScope.Kind == HandleKind.TypeReference
                    ? Of(reader, reference.ResolutionScope)
                    : $"{reader.GetString(reference.Namespace)}.{reader.GetString(reference.Name)}";
            }

            var type = reader.GetTypeDefinition((TypeDefinitionHandle)handle);
            return type.GetDeclaringType() is { IsNil: false } outer
                ? Of(reader, outer)
                : $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
        }

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => See(reader, handle);

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => See(reader, handle);

        public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;
    }
}
