using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>The few calls and fields of FreeType 2 that drawing a line of text needs (64-bit Linux, where FT_Long has 8 bytes).</summary>
internal static unsafe partial class FreeType
{
    /// <summary>Load outlines as they are, without bitmaps or hinting (which depend on the size), and draw them in 256 greys.</summary>
    public const int RenderOutline = 1 << 2 | 1 << 3 | 1 << 1;

    private const string Library = "libfreetype.so.6";

    /// <summary>Numbers with 16 binary digits after the point.</summary>
    public static nint Fixed16(double value) => (nint)Math.Round(value * 65536);

    [LibraryImport(Library, EntryPoint = "FT_Init_FreeType")]
    public static partial int Init(out nint library);

    [LibraryImport(Library, EntryPoint = "FT_Done_FreeType")]
    public static partial int Done(nint library);

    [LibraryImport(Library, EntryPoint = "FT_New_Face", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int NewFace(nint library, string path, nint index, out Face* face);

    [LibraryImport(Library, EntryPoint = "FT_Done_Face")]
    public static partial int DoneFace(Face* face);

    [LibraryImport(Library, EntryPoint = "FT_Set_Pixel_Sizes")]
    public static partial int SetPixelSizes(Face* face, uint width, uint height);

    [LibraryImport(Library, EntryPoint = "FT_Set_Transform")]
    public static partial void SetTransform(Face* face, in Matrix matrix, in Vector shift);

    [LibraryImport(Library, EntryPoint = "FT_Get_Char_Index")]
    public static partial uint CharIndex(Face* face, nuint character);

    [LibraryImport(Library, EntryPoint = "FT_Load_Glyph")]
    public static partial int LoadGlyph(Face* face, uint glyph, int flags);

    /// <summary>Starts the library.</summary>
    /// <exception cref="MachineException">It is not installed.</exception>
    public static nint Start()
    {
        try
        {
            return Init(out var library) == 0 ? library : throw new MachineException("FreeType could not be started.");
        }
        catch (DllNotFoundException error)
        {
            throw new MachineException(
                "FreeType, which draws text, is not installed.", Library, error.Message,
                remedy: "apt-get install libfreetype6", inner: error);
        }
    }

    /// <summary>FT_FaceRec.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct Face
    {
        /// <summary>The glyph that was loaded last.</summary>
        [FieldOffset(152)]
        public Glyph* Slot;

        /// <summary>What the size makes of the face.</summary>
        [FieldOffset(160)]
        public Size* Size;
    }

    /// <summary>FT_SizeRec; lengths in 64ths of a pixel.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct Size
    {
        /// <summary>From the baseline up.</summary>
        [FieldOffset(48)]
        public nint Ascender;

        /// <summary>From the baseline down; negative.</summary>
        [FieldOffset(56)]
        public nint Descender;
    }

    /// <summary>FT_GlyphSlotRec with its FT_Bitmap.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct Glyph
    {
        /// <summary>The way to the next glyph, in 64ths of a pixel.</summary>
        [FieldOffset(128)]
        public nint Advance;

        /// <summary>Rows of the bitmap.</summary>
        [FieldOffset(152)]
        public uint Rows;

        /// <summary>Columns of the bitmap.</summary>
        [FieldOffset(156)]
        public uint Columns;

        /// <summary>Bytes from one row to the next.</summary>
        [FieldOffset(160)]
        public int Pitch;

        /// <summary>The bitmap: a byte a pixel, 0 to 255 covered.</summary>
        [FieldOffset(168)]
        public byte* Buffer;

        /// <summary>Columns from the origin to the bitmap.</summary>
        [FieldOffset(192)]
        public int Left;

        /// <summary>Rows from the baseline up to the bitmap.</summary>
        [FieldOffset(196)]
        public int Top;
    }

    /// <summary>FT_Matrix.</summary>
    public readonly record struct Matrix(nint Xx, nint Xy, nint Yx, nint Yy);

    /// <summary>FT_Vector, in 64ths of a pixel.</summary>
    public readonly record struct Vector(nint X, nint Y);
}
